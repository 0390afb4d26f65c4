"""Candle backfill: the past of an exchange's pairs, from its files or over its interface."""
