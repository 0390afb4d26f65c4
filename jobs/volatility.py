"""The measures of every item in every window, as of one moment: kept, ranked, announced."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import redis
import structlog

from app.analytics import WINDOWS, Measures, measure
from db import closes, metrics, simulated
from db.pool import Database
from db.sources import SIMULATED
from jobs.announce import announce_volatility, rfc3339
from jobs.panels import SPARKLINE, Panel, last_closes, panels, sparkline
from jobs.rankings import Ranked, publish_rankings

log = structlog.get_logger(__name__)

REFERENCE_WINDOW = "7d"
PREFERRED = ("steam", "skinport", "csfloat", "priceempire")


@dataclass(frozen=True, slots=True)
class Summary:
    """What one run did."""

    as_of: datetime
    pairs: dict[str, int]
    changed: int
    """Rows of `item_metrics` that differ from the run before."""


def run(database: Database, client: redis.Redis, as_of: datetime) -> Summary:
    """Measure everything as of a moment (aware), keep it, rank it, announce what changed."""
    lo, hi = closes.item_range(database)
    silent = not simulated.speak(database)
    pairs: dict[str, int] = {}
    total = 0
    for window in WINDOWS.values():
        pieces = [_measured(panel) for panel in panels(database, window, as_of, lo, hi)]
        columns, sources = _columns(pieces, silent=silent)
        pairs[window.name] = len(columns["item_id"][1])
        with database.connection() as connection, connection.transaction():
            changed = metrics.save(connection, window.name, sources, columns, as_of=as_of)
            metrics.forget_unmeasured(connection, window.name, columns["item_id"][1])
            if silent:
                simulated.silence(connection)
            if window.name == REFERENCE_WINDOW:
                metrics.choose_references(connection, window.name)
        ranked = [Ranked(panel, measures, _reference(panel, measures, silent=silent)) for panel, measures in pieces]
        publish_rankings(client, window, ranked, as_of)
        announce_volatility(client, _messages(ranked, set(changed), as_of))
        total += len(changed)
    return Summary(as_of, pairs, total)


def _measured(panel: Panel) -> tuple[Panel, Measures]:
    result = measure(
        panel.close,
        bucket_seconds=panel.window.bucket_seconds,
        previous_close=panel.previous,
        high=panel.high,
        low=panel.low,
    )
    return panel, result


def _reference(panel: Panel, measures: Measures, *, silent: bool) -> npt.NDArray[np.bool_]:
    """Which pair speaks for its item: the best coverage, then the order of PREFERRED; with `silent` never a simulated one."""

    def standing(row: int) -> tuple[bool, float, int, str]:
        source = panel.source[row]
        place = PREFERRED.index(source) if source in PREFERRED else len(PREFERRED)
        return (source in SIMULATED, -float(measures.coverage[row]), place, source)

    best: dict[int, int] = {}
    for row, item in enumerate(panel.item_id.tolist()):
        if silent and panel.source[row] in SIMULATED:
            continue
        if item not in best or standing(row) < standing(best[item]):
            best[item] = row
    chosen = np.zeros(len(panel.item_id), dtype=np.bool_)
    chosen[list(best.values())] = True
    return chosen


def _columns(pieces: list[tuple[Panel, Measures]], *, silent: bool) -> tuple[dict[str, tuple[str, Any]], list[str]]:
    """The staging table's columns of all pieces, and the sources that `source_index` points into."""
    sources = sorted({source for panel, _ in pieces for source in panel.source})
    place = {source: at for at, source in enumerate(sources)}
    parts: dict[str, list[Any]] = {
        name: []
        for name in (
            "item_id",
            "source_index",
            "reference",
            "last_price",
            "volume",
            "volume_rolling",
            "samples",
            "coverage",
            "sparkline",
            *metrics.MEASURES,
        )
    }
    for panel, measures in pieces:
        own = {
            "item_id": panel.item_id,
            "source_index": np.array([place[source] for source in panel.source], dtype=np.int64),
            "reference": _reference(panel, measures, silent=silent),
            "last_price": last_closes(panel.close),
            "volume": panel.volume,
            "volume_rolling": panel.rolling,
            "sparkline": sparkline(panel.close),
        }
        for name, values in parts.items():
            values.append(own[name] if name in own else getattr(measures, name))
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
    empty: dict[str, Any] = {"sparkline": np.empty((0, SPARKLINE))}
    joined = {
        name: np.concatenate(values) if values else empty.get(name, np.empty(0)) for name, values in parts.items()
    }
    return {name: (kinds.get(name, ">f8"), values) for name, values in joined.items()}, sources


def _messages(ranked: list[Ranked], changed: set[int], as_of: datetime) -> Iterator[Mapping[str, Any]]:
    stamp = rfc3339(as_of)
    for piece in ranked:
        for row in np.flatnonzero(piece.reference & np.isin(piece.panel.item_id, list(changed))):
            yield {
                "type": "volatility",
                "item_id": int(piece.panel.item_id[row]),
                "window": piece.panel.window.name,
                "rolling_stddev": known(piece.measures.rolling_stddev[row]),
                "percent_change": known(piece.measures.percent_change[row]),
                "trend_score": known(piece.measures.trend_score[row]),
                "timestamp": stamp,
            }


def known(value: float) -> float | None:
    """A figure, or None for NaN."""
    return None if np.isnan(value) else float(value)
