"""Portfolio API: views, transactions and files, sharing."""
