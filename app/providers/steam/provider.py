"""Steam provider: crawls the Steam Community Market page by page through its search."""

import heapq
import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from pydantic import SecretStr

from app.providers.base import Batch, ProviderError, Quote
from app.providers.market import Defaults, MarketProvider
from app.providers.settings import ProviderSettings
from app.providers.steam.history import price_history
from app.providers.steam.prices import OrderBook, order_book, price_overview
from app.providers.steam.search import ENDPOINTS, SearchPage, search_page

_DEFAULTS = Defaults(
    base_url="https://steamcommunity.com",
    interval=60.0,
    timeout=24 * 3600.0,  # 3,500 pages are 4 hours at 15 a minute, 16 where single items have most of it
    requests=15,
    period=60.0,
    spacing=3.0,
    jitter=1.0,
)
_OTHER = {"legacy": "query", "query": "legacy"}
_MOVED = {400, 404, 405, 410}


@dataclass(slots=True)
class _Pass:
    """How far one pass over the market has come; this is the cursor."""

    start: int
    total: int | None
    pass_started: str
    endpoint: str

    @classmethod
    def resume(cls, cursor: Mapping[str, Any]) -> Self:
        start, total, started = cursor.get("start"), cursor.get("total"), cursor.get("pass_started")
        endpoint = cursor.get("endpoint")
        endpoint = endpoint if endpoint in ENDPOINTS else next(iter(ENDPOINTS))
        if not isinstance(start, int) or start < 0 or not isinstance(started, str):
            return cls(0, None, datetime.now(UTC).isoformat(), endpoint)
        return cls(start, total if isinstance(total, int) else None, started, endpoint)

    def cursor(self) -> dict[str, Any]:
        return {
            "start": self.start,
            "total": self.total,
            "pass_started": self.pass_started,
            "endpoint": self.endpoint,
        }

    def finished_cursor(self) -> dict[str, Any]:
        return {
            "start": 0,
            "total": self.total,
            "pass_started": None,
            "endpoint": self.endpoint,
            "pass_finished": datetime.now(UTC).isoformat(),
        }


def _paced(settings: ProviderSettings) -> ProviderSettings:
    """The rate limit's extras from `requests_per_minute`, where that is set."""
    if settings.extras.get("requests_per_minute") is None:
        return settings
    requests = settings.integer("requests_per_minute", _DEFAULTS.requests)
    pace = {"requests": requests, "period": 60} | ({} if requests else {"spacing": 0, "jitter": 0})
    return replace(settings, extras={**pace, **settings.extras})


class SteamProvider(MarketProvider):
    """Provider `steam`: the lowest sell price of every CS2 item, what the buyer pays.

    Extras: `requests_per_minute` (0: without pause), `page_size` (asked for, 10), `batch_quotes` (300), `pages_per_cycle` (0:
    until the pass ends), `poll_percent` (of the requests, for single items; 0), `enrich` (how
    many of the most offered items also get a price overview at the end of a pass, 5), `cookie` (of a signed-in account; a SecretStr).
    """

    name = "steam"
    sources: tuple[str, ...] = ("steam",)

    def __init__(self, settings: ProviderSettings) -> None:
        super().__init__(_paced(settings), _DEFAULTS)
        self._page_size = max(1, settings.integer("page_size", 10))
        self._batch_quotes = max(1, settings.integer("batch_quotes", 300))
        self._pages_per_cycle = settings.integer("pages_per_cycle", 0)
        self._enrich = settings.integer("enrich", 5)
        cookie = settings.extras.get("cookie")
        self._cookie = cookie.get_secret_value() if isinstance(cookie, SecretStr) else ""
        self.tells_history = bool(self._cookie)
        requests = settings.integer("requests_per_minute", _DEFAULTS.requests) / 60
        self.poll_rate = requests * settings.number("poll_percent", 0) / 100
        self._page_rate = requests - self.poll_rate
        self._seen: set[str] = set()
        self._seen_at: tuple[str, int] | None = None

    async def fetch(self, cursor: dict[str, Any]) -> AsyncIterator[Batch]:
        """Batches of a few hundred quotes from where `cursor` stopped; the last of a pass is `done`.

        The cursor is `{"start", "total", "pass_started", "endpoint"}`. What was read before an error is yielded first.

        Raises:
            ProviderError: as `MarketHttp.get`; `throttled` also for an empty page before the end.
        """
        state = _Pass.resume(cursor)
        if self._seen_at != (state.pass_started, state.start):
            # Another pass, or one that goes back to pages whose quotes were never stored.
            self._seen = set()
        quotes: list[Quote] = []
        rejected: list[str] = []
        liquid: list[Quote] = []
        pages = 0
        finished = False
        while not finished:
            try:
                page = await self._page(state)
            except ProviderError:
                if quotes or rejected:
                    yield Batch(quotes, state.cursor(), rejected, done=False)
                raise
            fresh = self._unseen(page.quotes)
            liquid = heapq.nlargest(self._enrich, liquid + fresh, key=lambda quote: quote.listings or 0)
            quotes += fresh
            rejected += page.rejected
            state.start += page.count
            state.total = page.total
            pages += 1
            self._seen_at = (state.pass_started, state.start)
            finished = state.start >= page.total
            rest = 0 < self._pages_per_cycle <= pages
            if not finished and (rest or len(quotes) >= self._batch_quotes):
                yield Batch(quotes, state.cursor(), rejected, done=False)
                quotes, rejected = [], []
                if rest:
                    return
        quotes += await self._enriched(liquid, rejected)
        yield Batch(quotes, state.finished_cursor(), rejected, done=True)

    def pass_seconds(self, cursor: dict[str, Any]) -> float | None:
        """How long a pass takes with the requests that single items leave; None before the first page."""
        total = cursor.get("total")
        if not isinstance(total, int) or self._page_rate <= 0:
            return None
        return math.ceil(total / self._page_size) / self._page_rate

    async def poll(self, name: str) -> Quote | None:
        """The price of one item, as `price_overview`."""
        return await self.price_overview(name)

    async def price_history(self, name: str) -> list[Quote]:
        """See `steam.history.price_history`."""
        return await price_history(self.http, name, self._cookie)

    async def price_overview(self, name: str) -> Quote | None:
        """See `steam_prices.price_overview`."""
        return await price_overview(self.http, name)

    async def order_book(self, name: str) -> OrderBook:
        """See `steam_prices.order_book`."""
        return await order_book(self.http, name)

    async def _page(self, state: _Pass) -> SearchPage:
        """The next page, from the address that worked last or else from the other one."""
        try:
            page = await self._page_of(state.endpoint, state)
        except ProviderError as error:
            # Only what looks like a moved or changed address: throttling and outages would hit the other one too.
            if error.kind != "schema" and error.status not in _MOVED:
                raise
            page = await self._page_of_other(state, error)
        if page.count == 0 and (page.total == 0 or state.start < page.total):
            raise self.http.throttled(
                f"steam: an empty page at {state.start} of {state.total or page.total}: asked too often"
            )
        return page

    async def _page_of(self, endpoint: str, state: _Pass) -> SearchPage:
        return await search_page(self.http, ENDPOINTS[endpoint], state.start, self._page_size)

    async def _page_of_other(self, state: _Pass, first: ProviderError) -> SearchPage:
        endpoint = _OTHER[state.endpoint]
        # The two need not sort alike, so an offset of one means nothing to the other.
        fresh = replace(state, start=0, endpoint=endpoint)
        try:
            page = await self._page_of(endpoint, fresh)
        except ProviderError as second:
            if second.kind == "throttled":
                raise
            raise ProviderError(first.kind, f"{first}; and {second}") from second
        state.start, state.endpoint = 0, endpoint
        return page

    def _unseen(self, quotes: list[Quote]) -> list[Quote]:
        """The order shifts while paging, so that an item can come twice in a pass."""
        fresh = []
        for quote in quotes:
            if quote.market_hash_name not in self._seen:
                self._seen.add(quote.market_hash_name)
                fresh.append(quote)
        return fresh

    async def _enriched(self, liquid: list[Quote], rejected: list[str]) -> list[Quote]:
        """The same items with volume and median; a refusal ends it, as the pass itself is complete."""
        quotes = []
        for known in liquid:
            try:
                overview = await self.price_overview(known.market_hash_name)
            except ProviderError as error:
                rejected.append(f"{known.market_hash_name}: no price overview, {error}")
                break
            if overview is not None:
                quotes.append(
                    replace(overview, image_url=known.image_url, rarity=known.rarity, item_type=known.item_type)
                )
        return quotes
