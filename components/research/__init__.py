"""Research: parts of the page on which strategies are tried."""
