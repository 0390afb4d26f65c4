"""The screener: all items in memory, filtered and sorted by anything."""
