"""Demand: tells exchanges' feeds, through Redis, which pairs this process's clients are subscribed to."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final

import redis
import structlog

from app.candles.demand import tell_watched
from db.candles import listed
from db.core.pool import Database, DatabaseDownError

log = structlog.get_logger(__name__)

TELL_EVERY: Final = 1.0
"""Seconds between two reports; a pair is streamed within five of being opened."""
Report = Callable[[Collection[int]], Awaitable[None]]
"""Takes the items that clients are subscribed to."""


class Demand:
    """Reports the pairs among subscribed items; what is a pair is asked of the database once for each item."""

    def __init__(self, database: Database, client: redis.Redis, clock: Callable[[], float]) -> None:
        self._database, self._redis, self._clock = database, client, clock
        self._is_pair: dict[int, bool] = {}
        self._silent = False

    async def __call__(self, item_ids: Collection[int]) -> None:
        """Report what is open now; while PostgreSQL or Redis does not answer nothing is."""
        if item_ids:
            await asyncio.to_thread(self._tell, tuple(item_ids))

    def _tell(self, item_ids: tuple[int, ...]) -> None:
        try:
            if unknown := [item_id for item_id in item_ids if item_id not in self._is_pair]:
                pairs = listed.pairs_among(self._database, unknown)
                self._is_pair |= {item_id: item_id in pairs for item_id in unknown}
            tell_watched(self._redis, [item_id for item_id in item_ids if self._is_pair[item_id]], self._clock())
        except (DatabaseDownError, redis.RedisError) as error:
            if not self._silent:
                log.warning("feeds are not told what is watched", error=str(error))
            self._silent = True
        else:
            self._silent = False
