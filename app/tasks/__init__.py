"""Durable tasks: put in with what causes them, run at least once, retried, kept where they fail (decision 0060)."""
