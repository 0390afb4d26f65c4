"""Portfolio: holdings, valuation, returns and risk as pages and JSON need them."""
