"""Data source: one protocol for bars, and the one frame that all sources make of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import numpy as np
import pandas as pd

from app.analytics.arrays import Ints

SECONDS = {"1h": 3_600, "1d": 86_400, "1w": 604_800}
"""Intervals of bars and their widths."""
MONDAY = int(datetime(2000, 1, 3, tzinfo=UTC).timestamp())
"""Bars begin at multiples of their width from here: hours, UTC days, weeks from Monday."""
MICROSECONDS = 1_000_000
PRICES = ("open", "high", "low", "close")
COLUMNS = ("item", "time", *PRICES, "volume", "n", "gap", "source", "currency", "price_scale")


class DataError(LookupError):
    """What is asked for is not there: an item, a source's quotes, an interval."""


@dataclass(frozen=True, slots=True)
class ItemBars:
    """One item's k bars of one source, oldest first: arrays (k,).

    `time` in seconds since 1970 (the bar's beginning), prices in minor units of which `price_scale` make a unit, `volume` -1 where
    unknown, `n` how many quotes are behind a bar. Bars without a quote are left out.
    """

    item: str
    source: str
    currency: str
    price_scale: int
    time: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    n: Ints


class DataSource(Protocol):
    """Where bars come from."""

    def bars(
        self, items: Sequence[str], source: str | None, interval: str, start: datetime | None, end: datetime | None
    ) -> pd.DataFrame:
        """Bars that begin in [start, end) and are over, by item in the order asked, oldest first.

        Columns: `item`; `time`, the beginning, datetime64[us, UTC]; `open`, `high`, `low`, `close`, float64 in units of `currency`;
        `volume`, Int64, null where unknown; `n`, the quotes behind the bar; `gap`, how many bars are missing between it and the
        item's bar before, 0 for the first; `source`; `currency`; `price_scale`, minor units a unit.

        Args:
            items: market_hash_names.
            source: whose quotes; None is each item's reference source.
            interval: 1h, 1d or 1w.
            start: None is without a bound, as for `end`. Both have a time zone.
            end: the first moment that is left out.

        Raises:
            DataError: an unknown item, a source that never quoted it, or an interval that is not there.
        """
        ...


def check_interval(interval: str) -> int:
    """Its width in seconds.

    Raises:
        DataError: there is none of that name.
    """
    if interval not in SECONDS:
        raise DataError(f"interval {interval!r}; allowed: {', '.join(SECONDS)}")
    return SECONDS[interval]


def finished(interval: str, now: datetime) -> datetime:
    """The beginning of the bar that still runs at `now`: bars before it are over."""
    width = check_interval(interval)
    return datetime.fromtimestamp(MONDAY + (int(now.timestamp()) - MONDAY) // width * width, UTC)


def frame(found: Iterable[ItemBars], interval: str) -> pd.DataFrame:
    """The frame of `DataSource.bars`."""
    held = list(found)
    lengths = [len(one.time) for one in held]
    width = SECONDS[interval]

    def joined(name: str) -> Ints:
        return np.concatenate([np.empty(0, dtype=np.int64), *(getattr(one, name) for one in held)])

    def each(name: str, kind: str) -> pd.Series:
        return pd.Series([getattr(one, name) for one in held], dtype=kind).repeat(lengths).reset_index(drop=True)

    scale = each("price_scale", "int64")
    volume = joined("volume")
    gaps = [np.diff(one.time, prepend=one.time[:1] - width) // width - 1 for one in held]
    columns = {
        "item": each("item", "str"),
        "time": pd.to_datetime(joined("time") * MICROSECONDS, unit="us", utc=True).astype("datetime64[us, UTC]"),
        **{name: joined(name) / scale.to_numpy() for name in PRICES},
        "volume": pd.arrays.IntegerArray(volume, volume < 0),
        "n": joined("n"),
        "gap": np.concatenate([np.empty(0, dtype=np.int64), *gaps]),
        "source": each("source", "str"),
        "currency": each("currency", "str"),
        "price_scale": scale,
    }
    return pd.DataFrame(columns)[list(COLUMNS)]
