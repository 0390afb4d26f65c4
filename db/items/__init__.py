"""Items, their sources and their measures."""
