"""Ranking scores: of the rows of one market and window the scores of each ranking, and each item's row as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import orjson

from app.analytics import Gate, gate_of
from app.analytics.arrays import Bools, Floats, Ints
from db.items.measures import MEASURES
from db.items.rankings import ranking_key
from jobs.window_measures import Measured

VOLATILE = "return_volatility"
"""What `rankings:volatile` scores."""
DEFAULT_WINDOW = "24h"
DAY = 86_400
AT_ONCE = 2_000
BEGIN = b'{"item_id":'
Scores: TypeAlias = tuple[Ints, Floats]
"""Items in order of their ids, and their scores; both (n,)."""
NOTHING: Scores = (np.empty(0, dtype=np.int64), np.empty(0))


def ranking_keys(market: str, window: str) -> list[str]:
    """The Redis keys of all rankings of a market and window."""
    keys = [ranking_key(metric, market, window) for metric in (*MEASURES, "volume", "volatile")]
    return [*keys, ranking_key("volatile", market)] if window == DEFAULT_WINDOW else keys


def ranking_scores(table: Measured) -> dict[str, Scores]:
    """By Redis key, the scores of all rankings; `table` has all rows of its market and window, in order of their items."""
    market, window = table.market.id, table.window.name
    given, untold = _given(table)
    gates = {metric: gate_of(metric, table.market.quotes) for metric in (*MEASURES, "volume")}
    passing = {gate: table.reference & _passes(gate, given, untold) for gate in set(gates.values())}
    found: dict[str, Scores] = {}
    for metric, gate in gates.items():
        scores = _sold(table) if metric == "volume" else getattr(table.measures, metric)
        chosen = passing[gate] & ~np.isnan(scores)
        found[ranking_key(metric, market, window)] = (table.item_id[chosen], scores[chosen])
    volatile = found[ranking_key(VOLATILE, market, window)]
    found[ranking_key("volatile", market, window)] = volatile
    if window == DEFAULT_WINDOW:
        found[ranking_key("volatile", market)] = volatile
    return found


def changed_scores(before: Scores, now: Scores) -> tuple[Scores, Ints]:
    """The scores that are not as they were, and the items that have none any more."""
    (old_items, old), (items, scores) = before, now
    at = np.searchsorted(old_items, items)
    same = at < len(old_items)
    same[same] = (old_items[at[same]] == items[same]) & (old[at[same]] == scores[same])
    return (items[~same], scores[~same]), np.setdiff1d(old_items, items, assume_unique=True)


def reference_rows(pieces: Sequence[Measured]) -> dict[str, bytes]:
    """By item, the measures of its reference as JSON, so that a request for a ranking computes nothing."""
    rows: dict[str, bytes] = {}
    for piece in pieces:
        chosen = np.flatnonzero(piece.reference)
        for start in range(0, len(chosen), AT_ONCE):
            entries = _entries(piece, chosen[start : start + AT_ONCE])
            # Encoded together, which is a quarter of the work; no string in JSON has a bare quotation mark to be cut at.
            texts = orjson.dumps(entries)[len(BEGIN) + 1 : -2].split(b"}," + BEGIN)  # orjson writes NaN as null
            rows |= {
                str(entry["item_id"]): b"%b%b}" % (BEGIN, text) for entry, text in zip(entries, texts, strict=True)
            }
    return rows


def _entries(piece: Measured, chosen: Ints) -> list[dict[str, Any]]:
    """Some rows as they are kept, `item_id` first."""
    columns: dict[str, list[Any]] = {
        "item_id": piece.item_id[chosen].tolist(),
        "source": [piece.source[row] for row in chosen.tolist()],
        "price": _known(piece.last_price[chosen]),
        "volume": _known(piece.volume[chosen]),
    }
    if piece.market.quotes == "exchange":
        columns["turnover"] = piece.turnover[chosen].tolist()
    columns |= {name: getattr(piece.measures, name)[chosen].tolist() for name in (*MEASURES, "samples", "coverage")}
    columns["outliers"] = [len(piece.outliers[row].closes) if row in piece.outliers else 0 for row in chosen.tolist()]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _known(values: Ints) -> list[int | None]:
    """The values, None for those below zero."""
    return [value if value >= 0 else None for value in values.tolist()]


def _sold(table: Measured) -> Floats:
    """Sales in the window, or what was traded of pairs, whose units are not the same things; NaN where unknown."""
    if table.market.quotes == "exchange":
        return table.turnover
    return np.where(table.volume < 0, np.nan, table.volume.astype(np.float64))


def _given(table: Measured) -> tuple[dict[str, Any], Bools]:
    """What gates look at, and the rows of sources that never tell a volume."""
    days = np.where(table.rolling == 1, 1.0, max(table.window.seconds / DAY, 1e-9))
    volume = _sold(table) / days
    given = {
        "samples": table.measures.samples,
        "coverage": table.measures.coverage,
        "price": np.where(table.last_price >= 0, table.last_price / table.scale, np.nan),
        "volume": volume,
    }
    if table.market.quotes == "exchange":
        return given, np.zeros(len(volume), dtype=np.bool_)
    names, source = np.unique(np.array(table.source, dtype=np.str_), return_inverse=True)
    told = np.bincount(source, weights=~np.isnan(volume), minlength=len(names))
    return given, np.asarray(told[source] == 0)


def _passes(gate: Gate, given: Mapping[str, Any], untold: Bools) -> Bools:
    """Which rows may be ranked; a source that never tells a volume is judged by the rest."""
    return np.where(untold, replace(gate, least_volume=0).passes(**given), gate.passes(**given))
