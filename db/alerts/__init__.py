"""Alerts: rules with their states, and the history of events."""
