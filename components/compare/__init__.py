"""Comparison: parts of the page on which items and pairs stand beside each other."""
