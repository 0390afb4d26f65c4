"""Files of a portfolio: transactions as CSV, Steam's market history, the archive."""
