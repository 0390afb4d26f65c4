"""Core: connections, migrations and binary COPY."""
