"""Edges: what is shown of items bought at one source and sold at another."""
