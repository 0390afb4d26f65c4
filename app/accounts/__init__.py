"""Who the caller is: sessions, API keys, and one file for each way to sign in."""
