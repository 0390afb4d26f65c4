"""One file a page; each has `register(app)`, which names its path and adds its callbacks to that application."""

from pages import account, item, items, market, rankings, sign_in, status

ALL = (market, items, item, rankings, status, sign_in, account)
