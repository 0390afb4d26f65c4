"""Items: the screener's grid and filters, rankings, rows that pages share."""
