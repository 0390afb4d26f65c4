"""The JSON of portfolios."""
