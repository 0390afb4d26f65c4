"""Data frames of histories and measures, for files that people take away.

Both have exact prices twice: `price` in units of the currency, as a decimal, and `price_minor`, the integer that is stored, of which
`price_scale` make a unit. Unknown is null.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from app.analytics.arrays import Ints
from db.core.pool import Row
from db.items.measures import MEASURES
from db.quotes.export import History

ROWS = 100_000
"""Rows that make a frame; more come in several."""
UNKNOWN = -1
HISTORY: dict[str, str] = {
    "market_hash_name": "str",
    "date": "datetime64[us, UTC]",
    "price": "price",
    "volume": "Int64",
    "source": "str",
    "currency": "str",
    "price_minor": "Int64",
    "price_scale": "int64",
}
"""A history's columns and their types; `price` is made of `price_minor` and `price_scale` when it is written."""
BARS: dict[str, str] = {
    "market_hash_name": "str",
    "interval": "str",
    "time": "datetime64[us, UTC]",
    "open": "price",
    "high": "price",
    "low": "price",
    "close": "price",
    "volume": "Int64",
    "n": "int64",
    "source": "str",
    "currency": "str",
    "open_minor": "int64",
    "high_minor": "int64",
    "low_minor": "int64",
    "close_minor": "int64",
    "price_scale": "int64",
}
"""Bars' columns, by item; `time` is a bar's beginning, `n` how many quotes are behind it. Their frames are `app.research.sources.files`'."""
MEASURED: dict[str, str] = {
    "market_hash_name": "str",
    "source": "str",
    "window": "str",
    "reference": "bool",
    "as_of": "datetime64[us, UTC]",
    "price": "price",
    "volume": "Int64",
    "volume_rolling": "boolean",
    "samples": "int64",
    "coverage": "float64",
    **dict.fromkeys(MEASURES, "float64"),
    "currency": "str",
    "price_minor": "Int64",
    "price_scale": "int64",
}
"""The same of measures; those in a price's unit are in minor units."""


def history_frames(histories: Iterable[History]) -> Iterator[pd.DataFrame]:
    """Frames of histories, of some 100,000 rows each."""
    waiting: list[History] = []
    rows = 0
    for history in histories:
        waiting.append(history)
        rows += len(history.time)
        if rows >= ROWS:
            yield _history_frame(waiting)
            waiting, rows = [], 0
    if waiting:
        yield _history_frame(waiting)


def measures_frame(rows: list[Row]) -> pd.DataFrame:
    """A frame of measures."""
    frame = pd.DataFrame(rows).rename(columns={"last_price": "price_minor"})
    for name, kind in MEASURED.items():
        if name != "price":
            frame[name] = _times(frame[name]) if kind.startswith("datetime") else frame[name].astype(kind)  # type: ignore[call-overload]
    return frame[[name for name in MEASURED if name != "price"]]


def _times(column: Any) -> Any:
    return pd.to_datetime(column, utc=True).astype("datetime64[us, UTC]")


def _history_frame(histories: list[History]) -> pd.DataFrame:
    lengths = [len(history.time) for history in histories]

    def each(values: list[Any]) -> Any:
        return pd.Series(values).repeat(lengths).reset_index(drop=True)

    def joined(name: str) -> Ints:
        return np.concatenate([getattr(history, name) for history in histories])

    volume = joined("volume")
    return pd.DataFrame(
        {
            "market_hash_name": each([history.market_hash_name for history in histories]),
            "date": pd.to_datetime(joined("time"), unit="us", utc=True).astype("datetime64[us, UTC]"),
            "volume": pd.arrays.IntegerArray(volume, volume == UNKNOWN),
            "source": each([history.source for history in histories]),
            "currency": each([history.currency for history in histories]),
            "price_minor": pd.array(joined("price"), dtype="Int64"),
            "price_scale": each([history.price_scale for history in histories]),
        }
    )
