"""History from files into the database."""
