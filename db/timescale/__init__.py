"""TimescaleDB: the history in hypertables and columns, behind the same names, columns and procedures."""
