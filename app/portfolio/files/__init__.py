"""Portfolio files: transactions as CSV, Steam's market history, the archive."""
