"""Candles: open, high, low, close and volume of one symbol over one interval, and what is derived from them."""
