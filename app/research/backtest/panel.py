"""Panel: bars of n items on one time axis, the form in which strategies and the simulation read them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.analytics.arrays import Bools, Floats, Ints
from app.research.sources.base import MICROSECONDS, SECONDS, DataError


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars of n items over t moments.

    `time` (t,) in seconds since 1970, the bars' beginnings, ascending, with those moments alone at which an item has a bar. `open` and
    `close` (t, n) in minor units, 0 where there is no bar; `mark` the newest close so far, 0 before the first; `volume` of the newest bar
    so far, NaN where unknown. `place` is how many bars an item has had up to a moment, less one: -1 before its first.
    """

    items: tuple[str, ...]
    source: str
    currency: str
    price_scale: int
    interval: str
    time: Ints
    open: Ints
    close: Ints
    mark: Ints
    volume: Floats
    observed: Bools
    place: Ints

    def __len__(self) -> int:
        return len(self.time)

    @property
    def bars_per_year(self) -> float:
        """These markets never close."""
        return 365 * 86_400 / SECONDS[self.interval]


def panel(bars: pd.DataFrame, interval: str) -> Panel:
    """The panel of a frame as `DataSource.bars` makes it.

    Raises:
        DataError: there are no bars, or they are of several sources or currencies, which one account cannot hold.
    """
    if bars.empty:
        raise DataError("there are no bars to test on")
    for name in ("source", "currency", "price_scale"):
        if len(found := bars[name].unique()) > 1:
            raise DataError(f"one account needs one {name}, not {', '.join(str(value) for value in found)}")
    scale = int(bars["price_scale"].iloc[0])
    columns, items = pd.factorize(bars["item"])
    seconds = bars["time"].astype("int64").to_numpy() // MICROSECONDS
    time, rows = np.unique(seconds, return_inverse=True)
    shape = (len(time), len(items))
    if len(np.unique(rows * shape[1] + columns)) != len(rows):
        raise DataError("an item has two bars of one time")

    def spread(values: npt.NDArray[np.float64], empty: float) -> Floats:
        filled = np.full(shape, empty)
        filled[rows, columns] = values
        return filled

    opens, closes = (
        np.rint(spread(bars[name].to_numpy(dtype=np.float64) * scale, 0.0)).astype(np.int64)
        for name in ("open", "close")
    )
    observed = np.zeros(shape, dtype=np.bool_)
    observed[rows, columns] = True
    last = np.maximum.accumulate(np.where(observed, np.arange(shape[0])[:, None], 0), axis=0)
    return Panel(
        items=tuple(str(item) for item in items),
        source=str(bars["source"].iloc[0]),
        currency=str(bars["currency"].iloc[0]),
        price_scale=scale,
        interval=interval,
        time=time.astype(np.int64),
        open=opens,
        close=closes,
        mark=np.take_along_axis(closes, last, axis=0),
        volume=np.take_along_axis(
            spread(bars["volume"].to_numpy(dtype=np.float64, na_value=np.nan), np.nan), last, axis=0
        ),
        observed=observed,
        place=np.cumsum(observed, axis=0) - 1,
    )
