"""The market page."""
