"""CSGOTrader provider: prices of many markets in one set of files."""
