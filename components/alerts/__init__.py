"""Alerts: the bell, the history of events in words, and the rules of the alerts page."""
