"""API: JSON, one blueprint per resource."""
