"""Portfolios as pages and JSON need them: what the database holds, run through the analytics."""
