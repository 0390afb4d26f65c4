"""JSON: one blueprint per resource."""

from flask import Flask


def register_api(server: Flask) -> None:
    """Add every resource."""
