"""Quotes and what is rolled up from them."""
