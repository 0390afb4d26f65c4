"""Data sources: the same bars from the database, from exported files and from another instance."""
