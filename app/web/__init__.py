"""The Flask and Dash applications, and what every answer of theirs gets."""
