"""Measures job: measures items and pairs in every window as of one moment, stores and ranks them, and publishes changes.

A job that keeps its results looks at what was written since its last run alone, for as long as the windows' buckets stay the
same; the result is that of a whole run.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import redis

from app.analytics import WINDOWS, Window, bucket_edges
from app.live.publish import publish_measures
from app.providers.markets import MARKETS, Market
from app.providers.sources import SIMULATED
from app.times import rfc3339
from db.candles import symbols
from db.core.pool import Database
from db.items import measure_writer, measures, simulated
from db.quotes import change_log
from jobs import cache_rebuild
from jobs.closes import window_panels
from jobs.free_memory import give_back
from jobs.kept_closes import KeptCloses
from jobs.measured_rows import differing, joined, places, replaced
from jobs.rankings import Ranked
from jobs.turnover import turnover
from jobs.window_measures import SPARKLINE, Measured, as_rows, measured

REFERENCE_WINDOW = "7d"
CHECK_EVERY = timedelta(hours=6)
"""For so long results are built upon; then a run trusts nothing but the quotes, and compares with every stored row."""
Tables = Mapping[tuple[str, str], Measured]
"""By market and window; what has no rows is not there."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What one run did."""

    as_of: datetime
    pairs: dict[str, int]
    changed: int
    """Rows of `item_metrics` that differ from the run before."""


@dataclass(frozen=True, slots=True)
class Results:
    """What a run found, for the next one to build upon."""

    run: UUID
    snapshot: str
    as_of: datetime
    checked: datetime
    """The moment of the last run that built upon nothing."""
    sources: tuple[bool, list[str]]
    """Whether simulated sources are silent, and which are left out."""
    ahead: Mapping[int, datetime]
    """Items with quotes that are later than `as_of`, and their newest."""
    tables: Tables
    ranked: Ranked
    closes: Mapping[str, KeptCloses]
    """By market."""

    def allow(self, as_of: datetime, before: UUID, sources: tuple[bool, list[str]]) -> bool:
        """Whether a run of a later moment may build upon them."""
        same = self.run == before and self.sources == sources
        return same and self.as_of <= as_of < self.checked + CHECK_EVERY


@dataclass(slots=True)
class Kept:
    """The results of one job's last run; None before the first, and after one that failed."""

    last: Results | None = None


@dataclass(slots=True)
class _Found:
    """One window of a run: `rows` of items that were measured anew and are not as the run before had them, `gone` are no more.

    `tables` hold all rows, by market.
    """

    window: Window
    tables: dict[str, Measured] = field(default_factory=dict)
    rows: list[Measured] = field(default_factory=list)
    gone: list[tuple[int, str]] = field(default_factory=list)

    def add(self, market: Market, pieces: Sequence[Measured], items: Sequence[int] | None, kept: Tables) -> None:
        """Add what was measured of some items of a market, or of all."""
        before = kept.get((market.id, self.window.name))
        fresh = joined(pieces) if pieces else None
        whole = fresh if items is None or before is None else replaced(before, items, pieces)
        if whole is not None and len(whole.item_id):
            self.tables[market.id] = whole
        if before is None:
            self.rows += pieces
            return
        if fresh is not None:
            self.rows.append(fresh.take(np.flatnonzero(differing(fresh, before))))
        lost = np.arange(len(before.item_id)) if whole is None else np.flatnonzero(places(before, whole) < 0)
        self.gone += [(int(before.item_id[row]), before.source[row]) for row in lost.tolist()]


def run(database: Database, client: redis.Redis, as_of: datetime, kept: Kept | None = None) -> Summary:
    """Measure everything as of a moment (aware), store it, rank it, publish what changed."""
    kept = kept or Kept()
    last, kept.last = kept.last, None
    before, own = measure_writer.claim(database)
    sources = (not simulated.may_be_reference(database, SIMULATED), simulated.left(database, SIMULATED))
    if last is not None and not last.allow(as_of, before, sources):
        last = None
    written = change_log.since(database, last.snapshot if last else None)
    if last is None or written.newest is None:
        items, ahead = None, change_log.later_than(database, as_of)
        closes: Mapping[str, KeptCloses] = {market: KeptCloses() for market in MARKETS}
    else:
        ahead = {**last.ahead}
        for item, newest in written.newest.items():
            ahead[item] = max(newest, ahead.get(item, newest))
        items, closes = sorted(ahead), last.closes
        for market_closes in closes.values():
            market_closes.forget(items)
    whole = last is None or _begin(WINDOWS[REFERENCE_WINDOW], last.as_of) != _begin(WINDOWS[REFERENCE_WINDOW], as_of)
    found = _measure_all(database, as_of, items, last, sources, closes)
    if whole:
        give_back()
    ranked = Ranked(client, own, last.ranked if last else None)
    total = 0
    # What Redis is told of a window is told while the next one is stored.
    with ThreadPoolExecutor(1, "rankings") as pool:
        told = []
        for each in found:
            changed = _store(database, client, each, as_of, new=last is None, silent=sources[0])
            total += len(changed)
            told.append(pool.submit(_tell, client, ranked, each, changed, as_of))
        for one in told:
            one.result()
    ranked.end()
    change_log.forget(database, written.snapshot)
    kept.last = Results(
        own,
        written.snapshot,
        as_of,
        last.checked if last else as_of,
        sources,
        {item: newest for item, newest in ahead.items() if newest > as_of},
        {(market, each.window.name): table for each in found for market, table in each.tables.items()},
        ranked,
        closes,
    )
    if whole:
        give_back()
    return Summary(
        as_of, {each.window.name: sum(len(table.item_id) for table in each.tables.values()) for each in found}, total
    )


def _tell(client: redis.Redis, ranked: Ranked, found: _Found, changed: Sequence[int], as_of: datetime) -> None:
    """Bring one window's rankings up to date, and publish the measures of items that changed."""
    ranked.publish(found.window, found.tables, found.rows, as_of)
    publish_measures(client, _messages(found.rows, set(changed), as_of))


def _store(
    database: Database, client: redis.Redis, found: _Found, as_of: datetime, *, new: bool, silent: bool
) -> list[int]:
    """Store one window; returns the item of each row that changed. With `new` what is stored already is not known."""
    columns, sources = _columns(found.rows)
    screened = _screened(found.rows, sources)
    gone = None if new else found.gone
    lost, references = 0, list[int]()
    with database.connection() as connection, connection.transaction():
        changed = measures.save(connection, found.window.name, sources, columns, screened, gone=gone, as_of=as_of)
        if silent and new:
            lost = simulated.drop_as_reference(connection, SIMULATED)
        if found.window.name == REFERENCE_WINDOW:
            references = measures.choose_references(connection, found.window.name, None if new else changed)
    if lost:
        cache_rebuild.rebuild_latest(database, client)
    elif references:
        cache_rebuild.rebuild_latest(database, client, references)
    return changed


def _measure_all(
    database: Database,
    as_of: datetime,
    items: Sequence[int] | None,
    last: Results | None,
    sources: tuple[bool, list[str]],
    closes: Mapping[str, KeptCloses],
) -> list[_Found]:
    """Every window, of some items where the windows' buckets are those of the last run. Those of one kind of bucket are read together."""
    found = {name: _Found(window) for name, window in WINDOWS.items()}
    for market in MARKETS.values():
        for seconds in sorted({window.bucket_seconds for window in WINDOWS.values()}):
            alike = [window for window in WINDOWS.values() if window.bucket_seconds == seconds]
            moved = last is None or any(_begin(window, last.as_of) != _begin(window, as_of) for window in alike)
            chosen = None if moved or market.quotes == "exchange" else items
            pieces: dict[str, list[Measured]] = {window.name: [] for window in alike}
            for piece in _measure(database, market, alike, as_of, chosen, sources, closes[market.id]):
                pieces[piece.window.name].append(piece)
            for name, those in pieces.items():
                found[name].add(market, those, chosen, last.tables if last else {})
    return list(found.values())


def _begin(window: Window, as_of: datetime) -> int:
    return int(bucket_edges(window, as_of.timestamp())[0])


def _measure(
    database: Database,
    market: Market,
    windows: list[Window],
    as_of: datetime,
    items: Sequence[int] | None,
    sources: tuple[bool, list[str]],
    kept: KeptCloses,
) -> Iterator[Measured]:
    """A few thousand items a piece; the windows have one kind of bucket."""
    silent, left = sources
    if market.quotes != "exchange":
        for batch in window_panels(database, market, windows, as_of, without=left, items=items, kept=kept):
            yield from (measured(panel, market, silent=silent) for panel in batch)
        return
    # A pair has one exchange, which is its reference: a simulated one runs only where no real one does.
    pairs = {pair.item_id: pair for pair in symbols.every(database, market.id)}
    for batch in window_panels(database, market, windows, as_of):
        yield from (measured(panel, market, turnover(panel, pairs, market.currency)) for panel in batch)


def _columns(pieces: list[Measured]) -> tuple[dict[str, tuple[str, Any]], list[str]]:
    """The staging table's columns of all pieces, and the sources that `source_index` points into."""
    sources = sorted({source for piece in pieces for source in piece.source})
    place = {source: at for at, source in enumerate(sources)}
    kinds = {
        "item_id": ">i4",
        "source_index": ">i2",
        "reference": ">i2",
        "last_price": ">i8",
        "volume": ">i8",
        "volume_rolling": ">i2",
        "samples": ">i4",
        "sparkline": ">f4",
    }
    parts: dict[str, list[Any]] = {name: [] for name in (*kinds, "coverage", "turnover", *measures.MEASURES)}
    for piece in pieces:
        own = {
            "item_id": piece.item_id,
            "source_index": np.array([place[source] for source in piece.source], dtype=np.int64),
            "reference": piece.reference,
            "last_price": piece.last_price,
            "volume": piece.volume,
            "volume_rolling": piece.rolling,
            "turnover": piece.turnover,
            "sparkline": piece.sparkline,
        }
        for name, values in parts.items():
            values.append(own[name] if name in own else getattr(piece.measures, name))
    empty: dict[str, Any] = {"sparkline": np.empty((0, SPARKLINE))}
    joined = {
        name: np.concatenate(values) if values else empty.get(name, np.empty(0)) for name, values in parts.items()
    }
    return {name: (kinds.get(name, ">f8"), values) for name, values in joined.items()}, sources


def _screened(pieces: list[Measured], sources: list[str]) -> list[measures.Screened]:
    return [
        measures.Screened(
            int(piece.item_id[row]), sources.index(piece.source[row]), as_rows(found.closes), found.unscreened
        )
        for piece in pieces
        for row, found in piece.outliers.items()
    ]


def _messages(pieces: list[Measured], changed: set[int], as_of: datetime) -> Iterator[Mapping[str, Any]]:
    stamp = rfc3339(as_of)
    ids = list(changed)
    for piece in pieces:
        for row in np.flatnonzero(piece.reference & np.isin(piece.item_id, ids)):
            yield {
                "type": "volatility",
                "item_id": int(piece.item_id[row]),
                "window": piece.window.name,
                "rolling_stddev": known(piece.measures.rolling_stddev[row]),
                "percent_change": known(piece.measures.percent_change[row]),
                "trend_score": known(piece.measures.trend_score[row]),
                "timestamp": stamp,
            }


def known(value: float) -> float | None:
    """A figure, or None for NaN."""
    return None if np.isnan(value) else float(value)
