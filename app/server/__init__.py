"""The serving process: HTTP within bounds, request bodies, static files, health on the event loop."""
