"""One file a page; each has `register(app)`, which names its path and adds its callbacks to that application."""

from pages import (
    account,
    item,
    items,
    market,
    not_found_404,
    portfolio,
    rankings,
    shared,
    sign_in,
    status,
    watchlist,
)

ALL = (market, items, item, rankings, portfolio, watchlist, shared, status, sign_in, account, not_found_404)
