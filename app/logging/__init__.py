"""Logging: one format for every record, ours and the libraries', bounded, escaped and without secrets."""
