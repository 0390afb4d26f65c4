"""Tables of items: the screener, rankings, rows that pages share."""
