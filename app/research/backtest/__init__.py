"""Backtests: strategies over the bars of many items, with the market's fees, trade protection and fills at the next bar's open."""
