"""CSGOTrader: prices of many markets in one set of files."""
