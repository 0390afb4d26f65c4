"""Research: bars from wherever they are (`sources`), and strategies tried on them (`backtest`)."""
