"""Research: backtests that people keep."""
