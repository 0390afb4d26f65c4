"""Policy: access and rate-limit group of every route, page, callback and message; one without a row is refused.

A test fails and names the missing row.
"""

from typing import Final

from app.live import protocol as live
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
    ("GET", "/api/v1/arrival"): Row(PUBLIC, Group.OPERATIONS),  # its header must be signed with the instance's secret
    # Items and measures
    ("GET", "/openapi.json"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/items"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/items/<int:item_id>"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/items/<int:item_id>/history"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/items/<int:item_id>/bars"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/items/<int:item_id>/gaps"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/outages"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/items/<int:item_id>/polling"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/polling"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/items/<int:item_id>/volatility"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/items/<int:item_id>/analysis"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/compare"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/rankings/volatile"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/rankings/<string:metric>"): Row(PUBLIC, Group.JSON),
    # Exchange markets
    ("GET", "/api/v1/symbols"): Row(PUBLIC, Group.JSON),
    ("POST", "/api/v1/symbols/<string:symbol>"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/intervals"): Row(PUBLIC, Group.JSON),
    # Charts ask for candles and what is drawn over them while one scrolls.
    ("GET", "/api/v1/candles"): Row(PUBLIC, Group.CALLBACKS),
    ("GET", "/api/v1/items/<int:item_id>/indicators"): Row(PUBLIC, Group.CALLBACKS),
    ("GET", "/api/v1/items/<int:item_id>/levels"): Row(PUBLIC, Group.CALLBACKS),
    ("GET", "/api/v1/symbols/<string:symbol>/price"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/symbols/<string:symbol>/bars"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/symbols/<string:symbol>/indicators"): Row(PUBLIC, Group.CALLBACKS),
    ("GET", "/api/v1/symbols/<string:symbol>/enigma"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/symbols/<string:symbol>/levels"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/udf/config"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/udf/time"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/udf/symbols"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/udf/search"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/udf/history"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/udf/quotes"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/udf/marks"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/udf/timescale_marks"): Row(PUBLIC, Group.JSON),
    # The grid of the page of items asks here while one scrolls.
    ("GET", "/api/v1/screener"): Row(PUBLIC, Group.CALLBACKS),
    ("GET", "/api/v1/screener/items"): Row(PUBLIC, Group.CALLBACKS),
    ("GET", "/api/v1/edges"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/edges/<int:item_id>"): Row(PUBLIC, Group.JSON),
    ("GET", "/api/v1/screens"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/screens"): Row(KEY_FULL, Group.JSON),
    ("DELETE", "/api/v1/screens/<int:screen_id>"): Row(KEY_FULL, Group.JSON),
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
    ("GET", "/api/v1/portfolio/history"): Row(KEY_READ, Group.JSON),
    ("GET", "/api/v1/portfolio/snapshots"): Row(KEY_READ, Group.JSON),
    ("GET", "/api/v1/portfolio/risk"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/portfolio/what-if"): Row(KEY_READ, Group.JSON),
    ("GET", "/api/v1/portfolio/transactions"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/portfolio/transactions"): Row(KEY_FULL, Group.JSON),
    ("PUT", "/api/v1/portfolio/transactions/<int:transaction_id>"): Row(KEY_FULL, Group.JSON),
    ("DELETE", "/api/v1/portfolio/transactions/<int:transaction_id>"): Row(KEY_FULL, Group.JSON),
    ("POST", "/api/v1/portfolio/transactions/delete"): Row(KEY_FULL, Group.JSON),
    ("POST", "/api/v1/portfolio/deletions/<int:deletion_id>/undo"): Row(KEY_FULL, Group.JSON),
    ("POST", "/api/v1/portfolio/transactions/csv"): Row(KEY_FULL, Group.JSON),
    ("POST", "/api/v1/portfolio/transactions/steam"): Row(KEY_FULL, Group.JSON),
    ("POST", "/api/v1/portfolio/sample"): Row(KEY_FULL, Group.JSON),
    ("GET", "/api/v1/portfolio/export"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/portfolio/restore"): Row(KEY_FULL, Group.JSON),
    ("GET", "/api/v1/portfolio/shares"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/portfolio/shares"): Row(KEY_FULL, Group.JSON),
    ("DELETE", "/api/v1/portfolio/shares/<int:share_id>"): Row(KEY_FULL, Group.JSON),
    ("GET", "/api/v1/portfolios"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/portfolios"): Row(KEY_FULL, Group.JSON),
    ("PATCH", "/api/v1/portfolios/<int:portfolio_id>"): Row(KEY_FULL, Group.JSON),
    ("DELETE", "/api/v1/portfolios/<int:portfolio_id>"): Row(KEY_FULL, Group.JSON),
    # A user's tasks
    ("GET", "/api/v1/tasks"): Row(KEY_READ, Group.JSON),
    ("GET", "/api/v1/tasks/<int:task_id>"): Row(KEY_READ, Group.JSON),
    ("GET", "/api/v1/tasks/<int:task_id>/file"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/exports"): Row(KEY_FULL, Group.JSON),
    ("POST", "/api/v1/exports/account"): Row(SIGNED_IN, Group.AUTH),
    # The owner of the instance alone
    ("POST", "/api/v1/backfills/prices"): Row(KEY_FULL, Group.JSON),
    ("POST", "/api/v1/backfills/candles"): Row(KEY_FULL, Group.JSON),
    ("POST", "/api/v1/tasks/<int:task_id>/cancel"): Row(KEY_FULL, Group.JSON),
    ("POST", "/api/v1/tasks/<int:task_id>/retry"): Row(KEY_FULL, Group.JSON),
    # Backtests
    ("GET", "/api/v1/research/runs"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/research/runs"): Row(KEY_FULL, Group.JSON),
    ("GET", "/api/v1/research/runs/<int:run_id>"): Row(KEY_READ, Group.JSON),
    ("DELETE", "/api/v1/research/runs/<int:run_id>"): Row(KEY_FULL, Group.JSON),
    ("POST", "/api/v1/research/runs/<int:run_id>/share"): Row(KEY_FULL, Group.JSON),
    ("DELETE", "/api/v1/research/runs/<int:run_id>/share"): Row(KEY_FULL, Group.JSON),
    ("GET", "/api/v1/research/shared/<string:token>"): Row(PUBLIC, Group.JSON),
    # The watchlist
    ("GET", "/api/v1/marketwatch"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/marketwatch/<path:symbol>"): Row(KEY_FULL, Group.JSON),
    ("DELETE", "/api/v1/marketwatch/<path:symbol>"): Row(KEY_FULL, Group.JSON),
    ("GET", "/api/v1/watchlists"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/watchlists"): Row(KEY_FULL, Group.JSON),
    ("POST", "/api/v1/watchlists/merge"): Row(KEY_FULL, Group.JSON),
    ("PATCH", "/api/v1/watchlists/<int:list_id>"): Row(KEY_FULL, Group.JSON),
    ("DELETE", "/api/v1/watchlists/<int:list_id>"): Row(KEY_FULL, Group.JSON),
    ("PUT", "/api/v1/watchlists/<int:list_id>/items/<int:item_id>"): Row(KEY_FULL, Group.JSON),
    ("DELETE", "/api/v1/watchlists/<int:list_id>/items/<int:item_id>"): Row(KEY_FULL, Group.JSON),
    # Alerts
    ("GET", "/api/v1/alerts"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/alerts"): Row(KEY_FULL, Group.JSON),
    ("POST", "/api/v1/alerts/preview"): Row(KEY_READ, Group.JSON),
    ("GET", "/api/v1/alerts/<int:alert_id>"): Row(KEY_READ, Group.JSON),
    ("PATCH", "/api/v1/alerts/<int:alert_id>"): Row(KEY_FULL, Group.JSON),
    ("DELETE", "/api/v1/alerts/<int:alert_id>"): Row(KEY_FULL, Group.JSON),
    ("GET", "/api/v1/alerts/events"): Row(KEY_READ, Group.JSON),
    ("POST", "/api/v1/alerts/events/read"): Row(KEY_FULL, Group.JSON),
    ("GET", "/api/v1/alerts/unread"): Row(KEY_READ, Group.JSON),
    ("GET", "/api/v1/alerts/webhook"): Row(KEY_READ, Group.JSON),
    ("PUT", "/api/v1/alerts/webhook"): Row(KEY_FULL, Group.JSON),
    ("PATCH", "/api/v1/alerts/webhook"): Row(KEY_FULL, Group.JSON),
    ("DELETE", "/api/v1/alerts/webhook"): Row(KEY_FULL, Group.JSON),
    ("POST", "/api/v1/alerts/webhook/secret"): Row(KEY_FULL, Group.JSON),
    # It has the instance send something: counted as strictly as imports.
    ("POST", "/api/v1/alerts/webhook/test"): Row(KEY_FULL, Group.IMPORT),
    ("GET", "/api/v1/alerts/deliveries"): Row(KEY_READ, Group.JSON),
    ("GET", "/api/v1/alerts/preferences"): Row(KEY_READ, Group.JSON),
    ("PUT", "/api/v1/alerts/mail"): Row(KEY_FULL, Group.JSON),
    ("PUT", "/api/v1/alerts/quiet-hours"): Row(KEY_FULL, Group.JSON),
    ("DELETE", "/api/v1/alerts/quiet-hours"): Row(KEY_FULL, Group.JSON),
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
    ("GET", "/app.webmanifest"): Row(PUBLIC, Group.FILES),
    ("GET", "/assets/service-worker.js"): Row(PUBLIC, Group.FILES),
    ("GET", "/assets/offline.html"): Row(PUBLIC, Group.FILES),
    ("GET", "/assets/tracera.css"): Row(PUBLIC, Group.FILES),
    ("GET", "/assets/tracera/<name>"): Row(PUBLIC, Group.FILES),
    ("GET", "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>"): Row(PUBLIC, Group.FILES),
}
"""By method and URL rule; HEAD counts as GET."""

PAGES: Final[dict[str, Access]] = {
    "/": PUBLIC,
    "/items": PUBLIC,
    "/item/<item_id>": PUBLIC,
    "/crypto": PUBLIC,
    "/rankings": PUBLIC,
    "/edges": PUBLIC,
    "/portfolio": PUBLIC,
    "/shared/<token>": PUBLIC,
    "/status": PUBLIC,
    "/not-found": PUBLIC,
    "/sign-in": PUBLIC,
    "/account": SIGNED_IN,
    "/alerts": SIGNED_IN,
    "/research": PUBLIC,  # likewise
    "/research/shared/<token>": PUBLIC,
    "/compare": PUBLIC,
    "/watchlist": PUBLIC,  # a visitor's is in the browser
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
    "..market-map-markup.data...market-map-state.children...market-sizes.hidden..": PUBLIC,
    # Items
    "..items-weapon_type.children...items-wear.children...items-rarity.children...items-source.children..": PUBLIC,
    "items-download.data": PUBLIC,
    # Item
    "..item-head-markup.data...item-head-state.children...item-sources-markup.data...item-similar-markup.data"
    '...{"page":"item","url":"source"}.data...item-body.hidden..': PUBLIC,
    "..price-chart-data.data...price-chart-state.children...price-chart-gaps.children..": PUBLIC,
    "..item-measures.children...item-measured.children..": PUBLIC,
    "..pair-following.children...pair-following-clock.disabled...item-clock.n_intervals...price-chart-again.data..": PUBLIC,
    "..pair-measures.children...pair-measured.children..": PUBLIC,
    "..item-analysis-markup.data...item-analysis-state.children..": PUBLIC,
    # Rankings
    "..crypto-body-markup.data...crypto-body-state.children..": PUBLIC,
    "..rankings-body-markup.data...rankings-body-state.children..": PUBLIC,
    '..rankings-least-name.children...{"page":"rankings","url":"least"}.thumbLabel...{"page":"rankings","url":"least"}.value..': PUBLIC,
    "..rankings-file.data...notifications.sendNotifications..": PUBLIC,
    # Edges
    '..edges-body-markup.data...edges-body-state.children...{"page":"edges","url":"buy"}.data...{"page":"edges","url":"sell"}.data..': PUBLIC,
    # Portfolio
    "..portfolio-slots.data...portfolio-data.data...portfolio-state.children...portfolio-figures.hidden..": SIGNED_IN,
    "..portfolio-history.data...portfolio-history-state.children..": SIGNED_IN,
    "..shared-slots.data...shared-data.data...shared-state.children..": PUBLIC,
    # Portfolio's tabs
    "..portfolio-risk-markup.data...portfolio-risk-state.children..": SIGNED_IN,
    "..portfolio-returns-markup.data...portfolio-returns-state.children..": SIGNED_IN,
    # Research: the caller's own
    "compare-items.data": PUBLIC,
    "..compare-data.data...compare-card.hidden...compare-since.children...compare-body-markup.data...compare-body-state.children..": PUBLIC,
    "research-items.data": SIGNED_IN,
    '..{"page":"research","url":"run"}.value...research-version.data...research-said.children..': SIGNED_IN,
    '..research-body-markup.data...research-body-state.children...{"page":"research","url":"run"}.data...research-clock.disabled..': SIGNED_IN,
    "..research-shared-markup.data...research-shared-state.children..": PUBLIC,
    # Account
    "account-body.children": SIGNED_IN,
    "alerts-body.children": SIGNED_IN,
    "alerts-list.children": SIGNED_IN,
    # Status
    "..status-verdict-markup.data...status-verdict-state.children...status-body-markup.data"
    "...status-body-state.children...status-time.children..": PUBLIC,
}
"""By output, as Dash names it but without the hashes of duplicates. Those that run in the browser have none."""

WEBSOCKETS: Final[dict[str, Row]] = {
    live.PATH: Row(PUBLIC, Group.WEBSOCKET),
}
"""WebSocket handshakes, by path."""

MESSAGES: Final[dict[str, Access]] = {
    # from a client
    "subscribe": PUBLIC,
    "unsubscribe": PUBLIC,
    "resume": PUBLIC,
    "ping": PUBLIC,
    # to a client
    "hello": PUBLIC,
    "resumed": PUBLIC,
    "price": PUBLIC,
    "feed": PUBLIC,
    "volatility": PUBLIC,
    "levels": PUBLIC,
    "subscribed": PUBLIC,
    "pong": PUBLIC,
    "error": PUBLIC,
    "auto_subscribe": SIGNED_IN,
    "portfolio": SIGNED_IN,
}
"""Messages of the WebSocket, by action or type."""
