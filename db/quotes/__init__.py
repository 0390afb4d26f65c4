"""Quotes: history, roll-ups and latest prices."""
