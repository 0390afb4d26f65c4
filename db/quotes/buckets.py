"""Roll-up buckets of sorted quotes, in NumPy; `PROCEDURE price_refresh` is the same definition in SQL, and a test compares them."""

from dataclasses import dataclass, fields

import numpy as np

from db.core.arrays import Bools, Floats, Ints
from db.core.binary import UNKNOWN

ORIGIN_US = 946_857_600_000_000
"""Monday 2000-01-03 in microseconds since 1970: the edge that buckets are counted from."""
HOUR_US = 3_600_000_000
WIDTHS_US = {"price_1h": HOUR_US, "price_24h": 24 * HOUR_US, "price_7d": 7 * 24 * HOUR_US}
"""The roll-ups, the finest first: each is made up of whole buckets of the one before."""


@dataclass(frozen=True, slots=True)
class Ticks:
    """n quotes of one source in order of (item, time), each (item, time) once; shape (n,), `UNKNOWN` where nothing is known."""

    item_id: Ints
    time: Ints
    price: Ints
    volume: Ints
    rolling: Ints


@dataclass(frozen=True, slots=True)
class Buckets:
    """m roll-up buckets in order of (item, bucket); shape (m,). Times in microseconds since 1970, prices in minor units.

    `volume` is the sum of the quotes' own intervals; only where there is none, the newest rolling figure, with its time in
    `volume_time`. `volume_rolling` says which it is.
    """

    item_id: Ints
    bucket: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    average: Floats
    stddev: Floats
    volume: Ints
    volume_rolling: Ints
    samples: Ints
    open_time: Ints
    close_time: Ints
    volume_time: Ints

    def __len__(self) -> int:
        """The number of buckets."""
        return len(self.item_id)

    def take(self, rows: Ints | Bools) -> "Buckets":
        """Those rows, in that order."""
        return Buckets(**{name: getattr(self, name)[rows] for name in NAMES})

    def in_order(self) -> "Buckets":
        """By item and bucket; what is so already, as it mostly is, is not copied."""
        step = np.diff(self.item_id)
        if np.all((step > 0) | ((step == 0) & (np.diff(self.bucket) >= 0))):
            return self
        return self.take(np.lexsort((self.bucket, self.item_id)))


def floor(time: Ints, width: int) -> Ints:
    """The bucket edge at or before each time; equals PostgreSQL's `date_bin` with origin 2000-01-03."""
    return time - (time - ORIGIN_US) % width


def changes(*columns: Ints) -> Ints:
    """Where a run of equal rows begins, in sorted columns of shape (n,)."""
    begins = np.ones(len(columns[0]), dtype=np.bool_)
    if len(begins):
        begins[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return np.flatnonzero(begins)


def aggregate(ticks: Ticks, width: int) -> Buckets:
    """Buckets `width` microseconds wide; the standard deviation is the population's."""
    samples = np.ones(len(ticks.time), dtype=np.int64)
    single = Buckets(
        item_id=ticks.item_id,
        bucket=ticks.time,
        open=ticks.price,
        high=ticks.price,
        low=ticks.price,
        close=ticks.price,
        average=ticks.price.astype(np.float64),
        stddev=np.zeros(len(ticks.time)),
        volume=ticks.volume,
        volume_rolling=ticks.rolling,
        samples=samples,
        open_time=ticks.time,
        close_time=ticks.time,
        volume_time=ticks.time,
    )
    return combine(single, width)


def combine(parts: Buckets, width: int) -> Buckets:
    """Wider buckets from narrower ones: what `aggregate` makes of the same quotes, without reading them again."""
    edges = floor(parts.bucket, width)
    first = changes(parts.item_id, edges)
    groups = np.diff(first, append=len(edges))
    last = first + groups - 1
    samples = np.add.reduceat(parts.samples, first)
    average = np.add.reduceat(parts.average * parts.samples, first) / samples
    off = parts.average - np.repeat(average, groups)
    variance = np.add.reduceat(parts.samples * (parts.stddev**2 + off**2), first) / samples
    volume, rolling, volume_time = _volumes(parts.volume, parts.volume_rolling, parts.volume_time, first)
    return Buckets(
        item_id=parts.item_id[first],
        bucket=edges[first],
        open=parts.open[first],
        high=np.maximum.reduceat(parts.high, first),
        low=np.minimum.reduceat(parts.low, first),
        close=parts.close[last],
        average=average,
        stddev=np.sqrt(variance),
        volume=volume,
        volume_rolling=rolling,
        samples=samples,
        open_time=parts.open_time[first],
        close_time=parts.close_time[last],
        volume_time=volume_time,
    )


def merged(one: Buckets, other: Buckets) -> Buckets:
    """The buckets of both, in order of (item, bucket); none is in both."""
    if not len(one) or not len(other):
        return (one if len(one) else other).in_order()
    return Buckets(**{name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in NAMES}).in_order()


def _volumes(volume: Ints, rolling: Ints, time: Ints, first: Ints) -> tuple[Ints, Ints, Ints]:
    """Volume, its kind, and the time of a rolling one, of each group of rows in order of time."""
    known = volume != UNKNOWN
    own = known & (rolling == 0)
    summed = np.logical_or.reduceat(own, first)
    total = np.where(summed, np.add.reduceat(np.where(own, volume, 0), first), UNKNOWN)
    newest = np.maximum.reduceat(np.where(known & (rolling == 1), np.arange(len(known)), -1), first)
    figure = ~summed & (newest >= 0)
    total[figure] = volume[newest[figure]]
    when = np.full(len(first), UNKNOWN)
    when[figure] = time[newest[figure]]
    return total, np.where(figure, 1, np.where(summed, 0, UNKNOWN)), when


NAMES = tuple(field.name for field in fields(Buckets))
"""The columns of a roll-up but the source."""
