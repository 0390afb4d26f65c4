"""Screener: all items in memory, so that filters and sorts never wait for the database."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock, Thread
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import structlog

from app.items.screener.query import SORTS, Query, Snapshot, column_order, column_source, facets, matching, rows
from app.items.screener.row_json import Encoder
from db.core.pool import Database, DatabaseDownError
from db.items.screener import (
    MEASURES,
    WINDOWS,
    PackedMeasures,
    fingerprint,
    read_catalogue,
    read_measures,
    read_prices,
    unpack_measures,
    unpack_prices,
)

__all__ = ["MEASURES", "SORTS", "WINDOWS", "Page", "Query", "Screener", "Snapshot", "of"]

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 2.0
CACHED_ORDERS = 256

Order = npt.NDArray[np.int32]
"""Places; half the size of what NumPy counts with, as many are kept."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a query's answer, and how many there are in all."""

    rows: list[dict[str, Any]]
    total: int
    version: int


@dataclass(frozen=True, slots=True)
class Block:
    """The same, with the rows as a JSON array."""

    rows: bytes
    total: int


class Screener:
    """The items of one database; safe to use from several threads.

    The first read raises `DatabaseDownError` where the database does not answer; later ones go on with what is known.
    """

    def __init__(self, database: Database, *, refresh_seconds: float = REFRESH_SECONDS) -> None:
        self._database = database
        self._refresh_seconds = refresh_seconds
        self._snapshot: Snapshot | None = None
        self._seen: tuple[Any, ...] = ()
        self._packed_measures: PackedMeasures | None = None
        self._checked = 0.0
        self._reading = Lock()
        self._orders: OrderedDict[tuple[int, Query], Order] = OrderedDict()
        self._orders_lock = Lock()
        self._columns: dict[tuple[str, bool, str], tuple[object, Order]] = {}
        self._encoder = Encoder()

    def page(self, query: Query, start: int, stop: int) -> Page:
        """Rows `start` to `stop` (exclusive) of what a query asks for."""
        snapshot = self.snapshot()
        order = self._order(snapshot, query)
        return Page(rows(snapshot, order[start:stop].astype(np.int64), query.window), len(order), snapshot.version)

    def block(self, query: Query, start: int, stop: int) -> Block:
        """The same as JSON, which costs next to nothing for items that did not change since they were asked for last."""
        snapshot = self.snapshot()
        order = self._order(snapshot, query)
        return Block(self._encoder.block(snapshot, order[start:stop].astype(np.int64), query.window), len(order))

    def among(self, ids: Sequence[int], window: str) -> list[dict[str, Any]]:
        """Rows of those of these items that the screener has, by id."""
        snapshot = self.snapshot()
        known = snapshot.catalogue.ids
        return rows(snapshot, np.flatnonzero(np.isin(known, np.array(ids, dtype=np.int64))), window)

    def facets(self) -> dict[str, list[tuple[str, int]]]:
        """Types, wears, rarities and sources with how many items each has."""
        return facets(self.snapshot())

    def snapshot(self) -> Snapshot:
        """What is known now; reads anew in the background where that is too old."""
        known = self._snapshot
        if known is None:
            with self._reading:
                return self._snapshot or self._read()
        if time.monotonic() - self._checked > self._refresh_seconds and self._reading.acquire(blocking=False):
            Thread(target=self._refresh, name="screener", daemon=True).start()
        return known

    def refresh(self) -> Snapshot:
        """Read now and wait for it."""
        with self._reading:
            return self._read()

    def _refresh(self) -> None:
        try:
            self._read()
        except DatabaseDownError as error:
            self._checked = time.monotonic()  # not with every request
            log.warning("the screener keeps what it knows", error=str(error))
        finally:
            self._reading.release()

    def _read(self) -> Snapshot:
        """Read what changed. The lock is held."""
        known = self._snapshot
        items, measures = fingerprint(self._database)
        packed = read_prices(self._database)
        seen = (items, packed, measures)
        if known is None or seen != self._seen:
            snapshot = self._changed(known, seen)
            self._snapshot, self._seen = snapshot, seen
        else:
            snapshot = known
        self._checked = time.monotonic()
        return snapshot

    def _changed(self, known: Snapshot | None, seen: tuple[Any, ...]) -> Snapshot:
        items, packed, measures = seen
        version = known.version + 1 if known else 1
        same_items = known is not None and items == self._seen[0]
        catalogue = known.catalogue if known and same_items else read_catalogue(self._database)
        prices = unpack_prices(packed, catalogue.ids)
        # A catalogue change may be another reference source, whose measures are other rows.
        if known and same_items and measures == self._seen[2]:
            return replace(known, version=version, prices=prices)
        packed_measures = read_measures(self._database)
        if known and same_items and packed_measures == self._packed_measures:  # a run that found nothing new
            return replace(known, version=version, prices=prices)
        self._packed_measures = packed_measures
        return Snapshot(version, catalogue, prices, *unpack_measures(packed_measures, catalogue.ids))

    def _order(self, snapshot: Snapshot, query: Query) -> Order:
        key = (snapshot.version, query)
        with self._orders_lock:
            if key in self._orders:
                self._orders.move_to_end(key)
                return self._orders[key]
        whole = self._column(snapshot, query)
        order = whole[matching(snapshot, query)[whole]]
        with self._orders_lock:
            self._orders[key] = order
            while len(self._orders) > CACHED_ORDERS:
                self._orders.popitem(last=False)
        return order

    def _column(self, snapshot: Snapshot, query: Query) -> Order:
        """All items in a query's order. What filters leave of it needs no sorting, and most orders outlive a price."""
        window, source = column_source(snapshot, query)
        key = (query.sort, query.descending, window)
        known = self._columns.get(key)
        if known is None or known[0] is not source:
            known = self._columns[key] = (source, column_order(snapshot, query).astype(np.int32))
        return known[1]


_screeners: WeakKeyDictionary[Database, Screener] = WeakKeyDictionary()
_screeners_lock = Lock()


def of(database: Database) -> Screener:
    """The screener of a database; one is shared by everything that reads from it."""
    with _screeners_lock:
        return _screeners.setdefault(database, Screener(database))
