"""Account and sign-in pages."""
