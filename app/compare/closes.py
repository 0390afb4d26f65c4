"""Closes of a comparison: what is known of each item on one grid of buckets, and which have too little."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from app.analytics.arrays import Bools, Floats, Ints
from app.analytics.windows import bucket_edges
from app.compare.windows import Reach
from app.research.item_analysis import closes_between
from db.core.pool import Database, Row
from db.items import items
from db.quotes import gaps

LEAST_CLOSES: Final = 2
LEAST_SHARE: Final = 0.5
"""An item that has less than this share of the longest history in the window is left out: it would shorten the comparison for all."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Closes in minor units, (rows, buckets), NaN where there is none; the first bucket lies before the window.

    `time` (buckets,) are beginnings in seconds since 1970, `breaks` says behind which close a gap is, `outliers` (rows,) how many
    closes were left out. `items` has the row of each.
    """

    items: list[Row]
    time: Ints
    closes: Floats
    breaks: Bools
    outliers: list[int]

    def only(self, chosen: Sequence[int]) -> "Grid":
        """Some rows."""
        places = list(chosen)
        return Grid(
            [self.items[at] for at in places],
            self.time,
            self.closes[places],
            self.breaks[places],
            [self.outliers[at] for at in places],
        )


def read(database: Database, ids: Sequence[int], reach: Reach, now: datetime) -> Grid:
    """The reference sources' closes of those items that there are, in the order of `ids`."""
    found = {row["id"]: row for row in items.some(database, ids)}
    # What has closes may have no newest price: a pair whose exchange is switched off.
    sources = {row["id"]: row["reference_source"] for row in items.units(database, ids=ids)}
    rows = [found[item] | {"source": sources.get(item)} for item in ids if item in found]
    edges = bucket_edges(reach.window, now.timestamp())
    width = reach.window.bucket_seconds
    time = np.concatenate([[edges[0] - width], edges[:-1]])
    closes = np.full((len(rows), len(time)), np.nan)
    outliers = [0] * len(rows)
    since, until = datetime.fromtimestamp(int(time[0]), UTC), datetime.fromtimestamp(int(edges[-1]), UTC)
    for row, item in enumerate(rows):
        known = closes_between(database, item, item["source"], reach.interval, since, until) if item["source"] else None
        if known is not None:
            closes[row, len(time) - len(known.values) :] = known.values
            outliers[row] = known.outliers
    return Grid(rows, time, closes, _breaks(time, closes), outliers)


def short(grid: Grid) -> list[int]:
    """Rows with too little history to be compared with the others over the window."""
    known = np.isfinite(grid.closes)
    enough = known.sum(axis=1) >= LEAST_CLOSES
    length = np.where(enough, len(grid.time) - known.argmax(axis=1), 0)
    return np.flatnonzero(~enough | (length < LEAST_SHARE * length.max(initial=0))).tolist()


def _breaks(time: Ints, closes: Floats) -> Bools:
    found = np.zeros(closes.shape, dtype=np.bool_)
    for row, values in enumerate(closes):
        at = np.flatnonzero(np.isfinite(values))
        found[row, at] = gaps.after(time[at])
    return found
