"""One file a page; each has `register(app)`, which names its path and adds its callbacks to that application."""

from pages import item, items, market, not_found_404, rankings, status

ALL = (market, items, item, rankings, status, not_found_404)
