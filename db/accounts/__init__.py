"""Accounts: users, their keys, identities and watchlists, the audit log."""
