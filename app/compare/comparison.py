"""Comparison: up to ten items or pairs, and the index of each one's market, rebased to 100 at the first moment that all have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from app.analytics import comparison
from app.analytics.arrays import SECONDS_PER_DAY, Floats, nullable
from app.analytics.comparison import Figures, Together
from app.analytics.portfolio.history import MIN_RETURNS
from app.analytics.portfolio.risk import beta
from app.compare import closes, indices
from app.compare.closes import Grid
from app.compare.indices import Index
from app.compare.windows import WINDOWS, Reach
from db.core.pool import Database

MOST: Final = 10


@dataclass(frozen=True, slots=True)
class AgainstIndex:
    """An item against its market's index: the n daily returns that both have, and what they say; None where that is too few."""

    n: int
    beta: float | None
    correlation: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared from the bucket `start` of the grid on; None: there is no moment at which all have a price.

    `levels` (rows, buckets - start) are of `grid`, `figures` of the same rows and then the indices. `left_out` are those with too little.
    """

    reach: Reach
    now: datetime
    grid: Grid
    left_out: Grid
    start: int | None
    levels: Floats
    indices: list[Index]
    figures: Figures
    against: list[AgainstIndex]
    together: Together

    @property
    def since(self) -> datetime | None:
        """When the bucket begins in which all are 100."""
        return None if self.start is None else datetime.fromtimestamp(int(self.grid.time[self.start]), UTC)


def compare(database: Database, ids: Sequence[int], window: str, now: datetime) -> Comparison:
    """The comparison of items that there are, in the order of `ids`, over a window of `WINDOWS` up to `now` (aware).

    Raises:
        DatabaseDownError: not now.
    """
    reach = WINDOWS[window]
    every = closes.read(database, ids, reach, now)
    short = closes.short(every)
    grid = every.only([at for at in range(len(every.items)) if at not in short])
    prices = comparison.carried(grid.closes, grid.breaks)
    start = comparison.beginning(prices)
    width = reach.window.bucket_seconds
    found: list[Index] = []
    levels = np.empty((len(grid.items), 0))
    if start is not None:
        levels = comparison.rebased(grid.closes, prices, start)
        found = indices.read(database, [item["market"] for item in grid.items], grid.time[start:], width, now)
    rows = np.vstack([levels, *(index.levels for index in found)]) if start is not None else np.empty((0, 1))
    returns, against = _returns(reach, grid, levels, found, start or 0)
    return Comparison(
        reach=reach,
        now=now,
        grid=grid,
        left_out=every.only(short),
        start=start,
        levels=levels,
        indices=found,
        figures=comparison.figures(rows, width),
        against=against,
        together=comparison.together(returns),
    )


def _returns(
    reach: Reach, grid: Grid, levels: Floats, found: Sequence[Index], start: int
) -> tuple[Floats, list[AgainstIndex]]:
    """Returns of hours, or of days where the window is long enough, and each item against its market's index."""
    nothing = [AgainstIndex(0, None, None)] * len(grid.items)
    if not levels.shape[1]:
        return np.empty((len(grid.items), 0)), nothing
    if not reach.daily:
        return comparison.simple_returns(levels), nothing
    days = grid.time[start:] // SECONDS_PER_DAY
    returns = comparison.simple_returns(comparison.last_of_each(levels, days))
    of_market = {index.market: comparison.simple_returns(index.on(np.unique(days))[np.newaxis])[0] for index in found}
    against = []
    for item, own in zip(grid.items, returns, strict=True):
        market = of_market.get(item["market"], np.full(len(own), np.nan))
        both = np.isfinite(own) & np.isfinite(market)
        alike = comparison.correlation(own[both], market[both])
        against.append(AgainstIndex(int(both.sum()), beta(own[both], market[both]), nullable(np.array([alike]))[0]))
    return returns, against


def as_json(found: Comparison) -> dict[str, Any]:
    """The comparison as the JSON route answers it; unknown is null."""
    start = found.start or 0
    count = len(found.grid.items)
    return {
        "window": found.reach.window.name,
        "interval": found.reach.interval,
        "since": found.since,
        "as_of": found.now,
        "time": [] if found.start is None else found.grid.time[start:].tolist(),
        "items": [
            _item(found, row) | {"levels": nullable(found.levels[row]), "gaps_after": _gaps(found, row)}
            | (_figures(found, row) if found.start is not None else _UNKNOWN)
            | {
                "beta": found.against[row].beta,
                "index_correlation": found.against[row].correlation,
                "index_n": found.against[row].n,
            }
            for row in range(count)
        ],
        "indices": [
            {"market": index.market, "name": index.name, "levels": nullable(index.levels)} | index_figures(found, at)
            for at, index in enumerate(found.indices)
        ],
        "correlation": {
            "returns": "1d" if found.reach.daily else "1h",
            "least": MIN_RETURNS,
            "item_ids": [item["id"] for item in found.grid.items],
            "n": found.together.n.tolist(),
            "matrix": [nullable(row) for row in found.together.correlation],
        },
        "left_out": [left_out(found, row) for row in range(len(found.left_out.items))],
    }  # fmt: skip


def _item(found: Comparison, row: int) -> dict[str, Any]:
    item = found.grid.items[row]
    time = item["price_time"]
    return {
        "item_id": item["id"],
        **{name: item[name] for name in ("market", "market_hash_name", "currency", "price_scale", "source", "price")},
        "price_time": time,
        "age": None if time is None else max(0, int((found.now - time).total_seconds())),
        "outliers": found.grid.outliers[row],
    }


_UNKNOWN: Final[dict[str, Any]] = {
    "n": 0,
    "percent_change": None,
    "return_volatility": None,
    "max_drawdown": None,
}


def _figures(found: Comparison, row: int) -> dict[str, Any]:
    figures = found.figures
    known = nullable(np.array([100 * figures.change[row], figures.volatility[row], figures.drawdown[row]]))
    names = ("percent_change", "return_volatility", "max_drawdown")
    return {"n": int(figures.closes[row]), **dict(zip(names, known, strict=True))}


def index_figures(found: Comparison, at: int) -> dict[str, Any]:
    """An index's figures: of its closes, one a day, which says nothing of how it swings within a few days."""
    figures = _figures(found, len(found.grid.items) + at)
    return figures if found.reach.daily else figures | {"return_volatility": None, "max_drawdown": None}


def left_out(found: Comparison, row: int) -> dict[str, Any]:
    """An item that has too little, and how much it has."""
    item, known = found.left_out.items[row], np.flatnonzero(np.isfinite(found.left_out.closes[row]))
    first = datetime.fromtimestamp(int(found.left_out.time[known[0]]), UTC) if len(known) else None
    return {
        "item_id": item["id"],
        "market_hash_name": item["market_hash_name"],
        "closes": len(known),
        "first": first,
    }


def _gaps(found: Comparison, row: int) -> list[int]:
    """Places in `time` of closes that a gap follows."""
    start = found.start or 0
    return np.flatnonzero(found.grid.breaks[row, start:]).tolist() if found.start is not None else []
