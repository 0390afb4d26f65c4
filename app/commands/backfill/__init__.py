"""`tracera backfill`: the past, from files or from an exchange."""
