"""Market: parts of the market page."""
