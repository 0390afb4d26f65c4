"""Shell: header, navigation and search around every page."""
