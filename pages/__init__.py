"""One file a page; each has `register(app)`, which names its path and adds its callbacks to that application."""

from pages import account, item, items, market, not_found_404, rankings, sign_in, status, watchlist

ALL = (market, items, item, rankings, watchlist, status, sign_in, account, not_found_404)
