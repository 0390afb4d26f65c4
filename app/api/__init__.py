"""JSON: one blueprint per resource."""
