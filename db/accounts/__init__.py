"""Users, their keys and identities, their watchlists, the audit log."""
