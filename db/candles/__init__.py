"""Candles: symbols of exchanges, their final candles by interval, tickers and repairs."""
