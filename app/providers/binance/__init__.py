"""Binance spot: symbols and candles over REST, candles, tickers and books over streams, and monthly dumps."""
