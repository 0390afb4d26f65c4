"""The measures job: every item in every window, as of one moment, stored, ranked and announced."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import redis

from app.analytics import WINDOWS
from app.live.publish import publish_measures, rfc3339
from db.core.pool import Database
from db.items import measures, simulated
from db.quotes import closes
from jobs import cache_rebuild
from jobs.closes import panels
from jobs.rankings import publish_rankings
from jobs.window_measures import SPARKLINE, Measured, as_rows, measured

REFERENCE_WINDOW = "7d"


@dataclass(frozen=True, slots=True)
class Summary:
    """What one run did."""

    as_of: datetime
    pairs: dict[str, int]
    changed: int
    """Rows of `item_metrics` that differ from the run before."""


def run(database: Database, client: redis.Redis, as_of: datetime) -> Summary:
    """Measure everything as of a moment (aware), store it, rank it, announce what changed."""
    silent = not simulated.may_be_reference(database)
    found = _measure_all(database, as_of, silent=silent)
    total = 0
    speakers: list[int] = []
    for window in WINDOWS.values():
        pieces = found[window.name]
        columns, sources = _columns(pieces)
        with database.connection() as connection, connection.transaction():
            changed = measures.save(connection, window.name, sources, columns, _screened(pieces, sources), as_of=as_of)
            if silent:
                simulated.drop_as_reference(connection)
            if window.name == REFERENCE_WINDOW:
                speakers = measures.choose_references(connection, window.name)
        publish_rankings(client, window, pieces, as_of)
        publish_measures(client, _messages(pieces, set(changed), as_of))
        total += len(changed)
    if speakers:
        cache_rebuild.rebuild_latest(database, client, speakers)
    return Summary(as_of, {name: sum(len(piece.item_id) for piece in pieces) for name, pieces in found.items()}, total)


def _measure_all(database: Database, as_of: datetime, *, silent: bool) -> dict[str, list[Measured]]:
    """By window, a few thousand items a piece. Windows of one kind of bucket are read together."""
    lo, hi = closes.item_range(database)
    found: dict[str, list[Measured]] = {name: [] for name in WINDOWS}
    for seconds in sorted({window.bucket_seconds for window in WINDOWS.values()}):
        alike = [window for window in WINDOWS.values() if window.bucket_seconds == seconds]
        for batch in panels(database, alike, as_of, lo, hi):
            for panel in batch:
                found[panel.window.name].append(measured(panel, silent=silent))
    return found


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
    parts: dict[str, list[Any]] = {name: [] for name in (*kinds, "coverage", *measures.MEASURES)}
    for piece in pieces:
        own = {
            "item_id": piece.item_id,
            "source_index": np.array([place[source] for source in piece.source], dtype=np.int64),
            "reference": piece.reference,
            "last_price": piece.last_price,
            "volume": piece.volume,
            "volume_rolling": piece.rolling,
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
