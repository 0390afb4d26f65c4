"""Web: the Flask and Dash applications, response headers, compression and assets."""
