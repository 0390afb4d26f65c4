"""PostgreSQL and Valkey that Tracera starts itself."""
