"""HTTP to markets: bounded bodies, rates, retries, replies checked."""
