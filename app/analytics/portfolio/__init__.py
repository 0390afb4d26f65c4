"""Portfolio analytics: value, returns and risk. Money is integers in minor units; no I/O, no clock."""
