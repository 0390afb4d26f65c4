"""Measured rows: what runs found of one market and window as one table, and how two such tables differ."""

from collections.abc import Iterable, Sequence
from dataclasses import fields

import numpy as np

from app.analytics import Measures
from app.analytics.arrays import Bools, Floats, Ints
from app.analytics.measures import join
from jobs.window_measures import Measured

ARRAYS = ("item_id", "scale", "reference", "last_price", "volume", "rolling", "turnover", "sparkline")


def joined(pieces: Sequence[Measured]) -> Measured:
    """All rows of one market and window in order of item and source; raises ValueError without any piece."""
    if not pieces:
        raise ValueError("no pieces")
    starts = np.cumsum([0, *(len(piece.item_id) for piece in pieces)]).tolist()
    whole = Measured(
        market=pieces[0].market,
        window=pieces[0].window,
        source=[source for piece in pieces for source in piece.source],
        measures=join([piece.measures for piece in pieces]),
        outliers={
            start + row: found
            for start, piece in zip(starts, pieces, strict=False)
            for row, found in piece.outliers.items()
        },
        **{name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in ARRAYS},
    )
    return whole.take(np.lexsort((np.array(whole.source, dtype=np.str_), whole.item_id)))


def replaced(kept: Measured, items: Iterable[int], found: Sequence[Measured]) -> Measured:
    """`kept` with what was found of some items in the place of their rows."""
    others = kept.take(np.flatnonzero(~np.isin(kept.item_id, np.fromiter(items, dtype=np.int64))))
    return joined([others, *found])


def places(rows: Measured, among: Measured) -> Ints:
    """Where each row's item and source are in another table (in order), shape (n,); -1 where they are not."""
    sources = sorted({*rows.source, *among.source})
    wanted, held = (_keys(table, sources) for table in (rows, among))
    at = np.searchsorted(held, wanted)
    there = at < len(held)
    there[there] = held[at[there]] == wanted[there]
    return np.where(there, at, -1)


def differing(rows: Measured, kept: Measured) -> Bools:
    """Which rows are not in another table with the same values, bit by bit; shape (n,)."""
    at = places(rows, kept)
    found = at < 0
    known = np.flatnonzero(at >= 0)
    found[known] = (_bits(rows.take(known)) != _bits(kept.take(at[known]))).any(axis=1)
    for row in known.tolist():
        found[row] |= rows.outliers.get(row) != kept.outliers.get(int(at[row]))
    return found


def _keys(table: Measured, sources: Sequence[str]) -> Ints:
    place = {source: at for at, source in enumerate(sources)}
    keys: Ints = table.item_id * len(sources) + np.array([place[source] for source in table.source], dtype=np.int64)
    return keys


def _bits(table: Measured) -> Ints:
    """All values of each row, shape (n, values)."""
    columns: list[Floats | Ints] = [getattr(table, name) for name in ARRAYS if name != "sparkline"]
    columns += [getattr(table.measures, field.name) for field in fields(Measures)]
    values = np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)
    return np.concatenate([values, table.sparkline], axis=1).view(np.int64)
