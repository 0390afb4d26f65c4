"""Market HTTP: bounded bodies, rate limits, retries, checked replies."""
