"""Policy: access and rate-limit group of every route, page, callback and message; one without a row is refused.

A test fails and names the missing row.
"""

from typing import Final

from app.security.access import Access, Group, Row

PUBLIC, LOOPBACK, SIGNED_IN = Access.PUBLIC, Access.LOOPBACK, Access.SIGNED_IN
KEY_READ, KEY_FULL = Access.KEY_READ, Access.KEY_FULL

ROUTES: Final[dict[tuple[str, str], Row]] = {
    # Operations
    ("GET", "/healthz"): Row(PUBLIC, Group.OPERATIONS),
    ("GET", "/readyz"): Row(PUBLIC, Group.OPERATIONS),
    ("GET", "/version"): Row(PUBLIC, Group.OPERATIONS),
    ("GET", "/stats"): Row(PUBLIC, Group.OPERATIONS),
    ("GET", "/api/v1/health"): Row(PUBLIC, Group.OPERATIONS),
    ("GET", "/api/v1/health/detailed"): Row(PUBLIC, Group.OPERATIONS),
    ("GET", "/api/v1/metrics"): Row(PUBLIC, Group.OPERATIONS),
    # Items and measures
    ("GET", "/openapi.json"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/items"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/items/<int:item_id>"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/items/<int:item_id>/history"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/items/<int:item_id>/volatility"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/rankings/volatile"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/rankings/<string:metric>"): Row(PUBLIC, Group.JSON),
    # The grid of the page of items asks here while one scrolls.
    ("GET", "/api/v1/screener"): Row(PUBLIC, Group.CALLBACKS),
    # Signing in and out. Leaving for a provider counts as a sign-in; coming back is checked by state, and counts less.
    ("GET", "/api/v1/auth/me"): Row(KEY_READ, Group.JSON),
    ("GET", "/api/v1/auth/csrf"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/auth/providers"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/auth/google"): Row(PUBLIC, Group.SIGN_IN),
    ("GET", "/api/v1/auth/google/callback"): Row(PUBLIC, Group.AUTH),
    ("GET", "/api/v1/auth/github"): Row(PUBLIC, Group.SIGN_IN),
    ("GET", "/api/v1/auth/github/callback"): Row(PUBLIC, Group.AUTH),
    ("GET", "/api/v1/auth/steam/login"): Row(PUBLIC, Group.SIGN_IN),
    ("GET", "/api/v1/auth/steam/login/callback"): Row(PUBLIC, Group.AUTH),
    ("GET", "/api/v1/auth/steam"): Row(SIGNED_IN, Group.AUTH),
    ("GET", "/api/v1/auth/steam/callback"): Row(SIGNED_IN, Group.AUTH),
    ("POST", "/api/v1/auth/magic-link"): Row(PUBLIC, Group.SIGN_IN),
    ("GET", "/api/v1/auth/magic-link/verify"): Row(PUBLIC, Group.AUTH),
    ("POST", "/api/v1/auth/magic-link/verify"): Row(PUBLIC, Group.AUTH),
    ("POST", "/api/v1/auth/local"): Row(LOOPBACK, Group.SIGN_IN),
    ("POST", "/api/v1/auth/logout"): Row(PUBLIC, Group.AUTH),
    # The account: no key makes keys, ends sessions or deletes an account
    ("POST", "/api/v1/auth/unlink"): Row(SIGNED_IN, Group.AUTH),
    ("GET", "/api/v1/auth/sessions"): Row(SIGNED_IN, Group.JSON),
    ("DELETE", "/api/v1/auth/sessions"): Row(SIGNED_IN, Group.AUTH),
    ("DELETE", "/api/v1/auth/sessions/<entry_id>"): Row(SIGNED_IN, Group.AUTH),
    ("GET", "/api/v1/auth/keys"): Row(SIGNED_IN, Group.JSON),
    ("POST", "/api/v1/auth/keys"): Row(SIGNED_IN, Group.AUTH),
    ("DELETE", "/api/v1/auth/keys/<int:key_id>"): Row(SIGNED_IN, Group.AUTH),
    ("GET", "/api/v1/auth/activity"): Row(KEY_READ, Group.JSON),
    ("GET", "/api/v1/auth/export"): Row(SIGNED_IN, Group.AUTH),
    ("DELETE", "/api/v1/auth/account"): Row(SIGNED_IN, Group.AUTH),
    # The portfolio. A key that may only read changes nothing.
    ("GET", "/api/v1/portfolio"): Row(KEY_READ, Group.JSON),
    ("GET", "/api/v1/portfolio/import"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/portfolio/import"): Row(KEY_FULL, Group.IMPORT),
    ("GET", "/api/v1/portfolio/lots"): Row(KEY_READ, Group.JSON),
    ("GET", "/api/v1/portfolio/snapshots"): Row(KEY_READ, Group.JSON),
    ("GET", "/api/v1/portfolio/risk"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/portfolio/what-if"): Row(KEY_READ, Group.JSON),
    ("GET", "/api/v1/portfolio/transactions"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/portfolio/transactions"): Row(KEY_FULL, Group.JSON),
    ("DELETE", "/api/v1/portfolio/transactions/<int:transaction_id>"): Row(KEY_FULL, Group.JSON),
    ("POST", "/api/v1/portfolio/transactions/csv"): Row(KEY_FULL, Group.JSON),
    ("POST", "/api/v1/portfolio/transactions/steam"): Row(KEY_FULL, Group.JSON),
    ("GET", "/api/v1/portfolio/export"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/portfolio/restore"): Row(KEY_FULL, Group.JSON),
    ("GET", "/api/v1/portfolio/shares"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/portfolio/shares"): Row(KEY_FULL, Group.JSON),
    ("DELETE", "/api/v1/portfolio/shares/<int:share_id>"): Row(KEY_FULL, Group.JSON),
    ("GET", "/api/v1/portfolios"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/portfolios"): Row(KEY_FULL, Group.JSON),
    ("PATCH", "/api/v1/portfolios/<int:portfolio_id>"): Row(KEY_FULL, Group.JSON),
    ("DELETE", "/api/v1/portfolios/<int:portfolio_id>"): Row(KEY_FULL, Group.JSON),
    # The watchlist
    ("GET", "/api/v1/marketwatch"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/marketwatch/<path:symbol>"): Row(KEY_FULL, Group.JSON),
    ("DELETE", "/api/v1/marketwatch/<path:symbol>"): Row(KEY_FULL, Group.JSON),
    ("GET", "/api/v1/shared/<string:token>"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/profiles/value"): Row(PUBLIC, Group.JSON),
    # Missing paths: 404 or 405 for every caller
    ("GET", "/api/<path:rest>"): Row(Access.NOTHING, Group.JSON),
    ("POST", "/api/<path:rest>"): Row(Access.NOTHING, Group.JSON),
    ("PUT", "/api/<path:rest>"): Row(Access.NOTHING, Group.JSON),
    ("PATCH", "/api/<path:rest>"): Row(Access.NOTHING, Group.JSON),
    ("DELETE", "/api/<path:rest>"): Row(Access.NOTHING, Group.JSON),
    # Pages and what they are made of
    ("GET", "/"): Row(Access.PAGE, Group.PAGES),
    ("GET", "/<path:path>"): Row(Access.PAGE, Group.PAGES),
    ("POST", "/_dash-update-component"): Row(Access.CALLBACK, Group.CALLBACKS),
    ("GET", "/_dash-layout"): Row(PUBLIC, Group.PAGES),
    ("GET", "/_dash-dependencies"): Row(PUBLIC, Group.PAGES),
    ("GET", "/_reload-hash"): Row(PUBLIC, Group.PAGES),
    ("GET", "/_favicon.ico"): Row(PUBLIC, Group.FILES),
    ("GET", "/assets/<path:filename>"): Row(PUBLIC, Group.FILES),
    ("GET", "/assets/tracera.css"): Row(PUBLIC, Group.FILES),
    ("GET", "/assets/tracera/<name>"): Row(PUBLIC, Group.FILES),
    ("GET", "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>"): Row(PUBLIC, Group.FILES),
}
"""By method and URL rule; HEAD counts as GET."""

PAGES: Final[dict[str, Access]] = {
    "/": PUBLIC,
    "/items": PUBLIC,
    "/item/<item_id>": PUBLIC,
    "/rankings": PUBLIC,
    "/portfolio": PUBLIC,
    "/shared/<token>": PUBLIC,
    "/status": PUBLIC,
    "/not-found": PUBLIC,
    "/sign-in": PUBLIC,
    "/account": SIGNED_IN,
    "/watchlist": PUBLIC,  # shows a visitor where to sign in
}
"""By path or path template."""

CALLBACKS: Final[dict[str, Access]] = {
    # Dash's own: shows a page, which has a row of its own
    ".._pages_content.children..._pages_store.data..": Access.PAGE,
    # The shell
    "search-body.children": PUBLIC,
    # Market
    "market-tiles.children": PUBLIC,
    "..market-strip-markup.data...market-strip-state.children..": PUBLIC,
    "..market-up-markup.data...market-up-state.children...market-down-markup.data...market-down-state.children"
    "...market-volatile-markup.data...market-volatile-state.children..": PUBLIC,
    "..market-map-markup.data...market-map-state.children..": PUBLIC,
    # Items
    "..items-weapon_type.children...items-wear.children...items-rarity.children...items-source.children..": PUBLIC,
    "items-download.data": PUBLIC,
    # Item
    "..item-head-markup.data...item-head-state.children...item-sources-markup.data...item-similar-markup.data"
    '...{"page":"item","url":"source"}.data...item-body.hidden..': PUBLIC,
    "..price-chart-data.data...price-chart-state.children..": PUBLIC,
    "..item-measures.children...item-measured.children..": PUBLIC,
    # Rankings
    "..rankings-body-markup.data...rankings-body-state.children..": PUBLIC,
    "..rankings-file.data...notifications.sendNotifications..": PUBLIC,
    # Portfolio
    "..portfolio-slots.data...portfolio-data.data...portfolio-state.children...portfolio-figures.hidden..": SIGNED_IN,
    "..portfolio-history.data...portfolio-history-state.children..": SIGNED_IN,
    "..shared-slots.data...shared-data.data...shared-state.children..": PUBLIC,
    # Portfolio's tabs
    "..portfolio-risk-markup.data...portfolio-risk-state.children..": SIGNED_IN,
    "..portfolio-returns-markup.data...portfolio-returns-state.children..": SIGNED_IN,
    # Account
    "account-body.children": SIGNED_IN,
    # Watchlist: the caller's own; a visitor is told to sign in
    "..watchlist-rows-markup.data...watchlist-rows-state.children..": PUBLIC,
    # Status
    "..status-verdict-markup.data...status-verdict-state.children...status-body-markup.data"
    "...status-body-state.children...status-time.children..": PUBLIC,
}
"""By output, as Dash names it but without the hashes of duplicates. Those that run in the browser have none."""

WEBSOCKETS: Final[dict[str, Row]] = {
    "/api/v1/ws": Row(PUBLIC, Group.WEBSOCKET),
}
"""WebSocket handshakes, by path."""

MESSAGES: Final[dict[str, Access]] = {
    # from a client
    "subscribe": PUBLIC,
    "unsubscribe": PUBLIC,
    "ping": PUBLIC,
    # to a client
    "price": PUBLIC,
    "feed": PUBLIC,
    "volatility": PUBLIC,
    "subscribed": PUBLIC,
    "pong": PUBLIC,
    "error": PUBLIC,
    "auto_subscribe": SIGNED_IN,
    "portfolio": SIGNED_IN,
}
"""Messages of the WebSocket, by action or type."""
