"""Symbol selection: which pairs a feed watches, the configured ones always, others while somebody has them open or on a watchlist."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import redis
import structlog

from app.candles import demand
from app.providers.exchange import Exchange, Symbol
from db.candles import listed, symbols
from db.candles.symbols import Pair
from db.core.pool import Database
from jobs.exchange.listing import refresh, row_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """What is watched and how much of its past is kept.

    `symbols` are watched always (none: all that trade), and up to `on_demand` others as long as somebody watched them in the last
    `linger` seconds. Of each, `minute_days` of minutes, `hour_days` of hours before them and days from `first_day` on are fetched at
    first; see `History`.
    """

    symbols: frozenset[str] = frozenset()
    minute_days: int = 14
    hour_days: int = 351
    first_day: int | None = None
    on_demand: int = 100
    linger: float = 300.0


class Selection:
    """What the exchange lists, and which of it is watched now.

    `items` are item ids by symbol, of all that are items. `left_out` is how many watched pairs found no room.
    """

    def __init__(self, exchange: Exchange, database: Database, client: redis.Redis, options: FeedOptions) -> None:
        self.items: dict[str, int] = {}
        self.left_out = 0
        self._exchange, self._database, self._redis, self._options = exchange, database, client, options
        self._listed: dict[str, Symbol] = {}
        self._pairs: dict[int, Pair] = {}
        self._chosen: dict[str, Symbol] = {}

    async def relist(self) -> None:
        """Learn what the exchange lists, and keep it.

        Raises:
            ProviderError: it refused, or its reply was not understood.
            DatabaseDownError: the list cannot be kept.
        """
        listing = await refresh(self._exchange, self._database, self._options.symbols)
        self._listed = {one.symbol: one for one in listing.listed}
        await asyncio.to_thread(self._keep, listing.listed)

    def choose(self) -> dict[str, Symbol]:
        """The pairs to watch now, by symbol, the configured ones first.

        Raises:
            DatabaseDownError: the watchlists cannot be read.
        """
        wanted = [symbol for symbol in self._listed if self.is_configured(symbol)]
        asked = [] if not self._options.symbols else self._asked()
        # Those that are streamed already keep their place: a full house must not change its guests every second.
        asked.sort(key=lambda symbol: symbol not in self._chosen)
        self._leave_out(asked[self._options.on_demand :])
        found = (self._traded(symbol) for symbol in (*wanted, *asked[: self._options.on_demand]))
        self._chosen = {one.symbol: one for one in found if one is not None}
        return self._chosen

    def is_configured(self, symbol: str) -> bool:
        """Whether it is watched as long as it trades, without anybody asking."""
        return not self._options.symbols or symbol in self._options.symbols

    def _leave_out(self, names: Sequence[str]) -> None:
        """Tell who has these open that there is no room for them."""
        self.left_out = len(names)
        why = f"{self._options.on_demand} other pairs are followed now, which is as many as TRACERA_ON_DEMAND_PAIRS allows"
        try:
            for name in names:
                demand.save_progress(self._redis, self.items[name], demand.Progress(0, 0, why))
        except redis.RedisError as error:
            log.info("pairs without room not told so: Redis does not answer", error=str(error))

    def _asked(self) -> list[str]:
        """Symbols that somebody has open or on a watchlist and that are not configured, those opened last first."""
        try:
            opened = demand.watched(self._redis, time.time() - self._options.linger)
        except redis.RedisError as error:
            log.info("what is open is not known: Redis does not answer", error=str(error))
            return [symbol for symbol in self._chosen if not self.is_configured(symbol)]
        asked = dict.fromkeys([*opened, *listed.watched(self._database, self._exchange.market)])
        if any(item not in self._pairs for item in asked):
            self._read_pairs()
        named = (self._pairs[item].symbol for item in asked if item in self._pairs)
        return [symbol for symbol in named if symbol in self._listed and not self.is_configured(symbol)]

    def _traded(self, symbol: str) -> Symbol | None:
        """A symbol that trades, in the scales in which its candles are kept, whatever the exchange makes of its tick size since."""
        one, pair = self._listed[symbol], self._pairs.get(self.items.get(symbol, 0))
        if one.status != "trading" or pair is None:
            return None
        return replace(one, price_scale=pair.price_scale, volume_scale=pair.volume_scale)

    def _keep(self, found: Sequence[Symbol]) -> None:
        with self._database.connection() as connection, connection.transaction():
            listed.save(connection, self._exchange.market, self._exchange.name, [row_of(one) for one in found])
        self._read_pairs()

    def _read_pairs(self) -> None:
        pairs = symbols.every(self._database, self._exchange.market)
        self._pairs = {pair.item_id: pair for pair in pairs}
        self.items = {pair.symbol: pair.item_id for pair in pairs}
