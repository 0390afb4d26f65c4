"""Edge table: a market's pairs in memory for some seconds, so that a request costs neither a statement an item nor the whole sum."""

import time
from dataclasses import dataclass
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

from app.items.edges.pairs import LeftOut, Pairs, Terms, pairs
from app.providers.markets import Market
from db.core.pool import Database
from db.items import edges
from db.items.edges import Quotes

FRESH_SECONDS: Final = 10.0
"""For which what was read holds; then the next request reads, the others go on with what is known."""
OLD_SECONDS: Final = 60.0
"""After which everyone waits for that."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was known when it was read."""

    quotes: Quotes
    pairs: Pairs
    left_out: LeftOut


class Table:
    """The pairs of one market, fees and database; safe to use from several threads. Raises `DatabaseDownError` as it reads."""

    def __init__(self, market: Market, terms: Terms) -> None:
        self._market, self._terms = market, terms
        self._known: Snapshot | None = None
        self._read_at = 0.0
        self._reading = Lock()

    def snapshot(self, database: Database) -> Snapshot:
        """What is known now."""
        known, age = self._known, time.monotonic() - self._read_at
        if known is not None and age < FRESH_SECONDS:
            return known
        if not self._reading.acquire(blocking=known is None or age > OLD_SECONDS) and known is not None:
            return known
        try:
            if self._known is None or time.monotonic() - self._read_at >= FRESH_SECONDS:
                quotes = edges.read(database, self._market.id)
                self._known = Snapshot(quotes, *pairs(quotes, self._terms))
                self._read_at = time.monotonic()
            return self._known
        finally:
            self._reading.release()


_tables: WeakKeyDictionary[Database, dict[tuple[str, tuple[tuple[str, int], ...]], Table]] = WeakKeyDictionary()
_tables_lock = Lock()


def snapshot(database: Database, market: Market, terms: Terms) -> Snapshot:
    """The pairs of a market under these terms; one table is shared by everything that reads from a database."""
    key = (market.id, tuple(sorted(terms.fees.items())))
    with _tables_lock:
        table = _tables.setdefault(database, {}).setdefault(key, Table(market, terms))
    return table.snapshot(database)
