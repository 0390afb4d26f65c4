"""Steam's community market."""
