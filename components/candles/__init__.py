"""Candles: an exchange's pairs as a table, and one of them as a chart."""
