"""Portfolio: parts of the portfolio page."""
