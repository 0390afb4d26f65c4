"""Embedded servers: PostgreSQL and Valkey that Tracera starts itself."""
