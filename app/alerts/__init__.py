"""Alerts: rules on items and portfolios, when they fire, and what explains it."""
