"""Status: parts of the status page."""
