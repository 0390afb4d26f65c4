"""Connections, migrations and binary COPY."""
