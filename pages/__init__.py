"""Pages, one file each; `register(app)` names the path and adds the callbacks."""

from pages import (
    account,
    alerts,
    crypto,
    edges,
    item,
    items,
    market,
    not_found_404,
    portfolio,
    rankings,
    research,
    research_shared,
    shared,
    sign_in,
    status,
    watchlist,
)

ALL = (
    market,
    items,
    item,
    crypto,
    rankings,
    edges,
    portfolio,
    watchlist,
    alerts,
    research,
    research_shared,
    shared,
    status,
    sign_in,
    account,
    not_found_404,
)
