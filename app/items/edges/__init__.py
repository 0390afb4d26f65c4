"""Edges: what buying an item at one source and selling it at another leaves, for all items of a market at once."""
