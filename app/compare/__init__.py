"""Comparison of items and pairs with each other and with their market's index."""
