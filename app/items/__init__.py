"""Items: matching of names, the screener, outliers and long measures."""
