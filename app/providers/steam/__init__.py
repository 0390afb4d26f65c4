"""Steam provider: the Steam Community Market."""
