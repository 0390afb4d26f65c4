"""Backfill: price history from files into the database."""
