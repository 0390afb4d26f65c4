"""What roll-ups should hold, derived from the kept quotes, and where the roll-up tables differ from it; all in NumPy.

Hours are recomputed from their quotes, days from hours, weeks from days. Retention deletes raw quotes, so an hour may know
more than the quotes that are left: such an hour is believed, checked against itself alone, and never shrunk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from db.quotes.buckets import HOUR_US, NAMES, WIDTHS_US, Bools, Buckets, Ints, Ticks, aggregate, combine, floor, merged
from db.quotes.stored import codes

TOLERANCE = 1e-9
"""Of the bucket's highest price: how far a kept average or deviation may lie from the recomputed one.

Both are sums of n rounded terms, in another order where late quotes were merged; the error stays below 3 n ε of the price, with
ε = 1.1e-16: 3e-12 for a week of quotes a minute. No real change is that small: a quote that moves by a minor unit moves the
average of n by 1/n.
"""
FLOATS = ("average", "stddev")
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Level:
    """One roll-up of one source and a range of items.

    `kept` is what the table holds, `derived` what it should hold. `at_kept` and `at_derived` (m,) pair up the rows that are in
    both, `differs` says by column which of the pairs (m,) differ. `missing` are rows of `derived`, `surplus` rows of `kept`
    without a counterpart. `doubted` are rows of `kept` that contradict themselves, by column; `unchecked` counts those whose
    quotes are deleted. `left` marks rows of `kept` (n,) that a repair must not touch: they know more than what is below them.
    """

    table: str
    kept: Buckets
    derived: Buckets
    at_kept: Ints
    at_derived: Ints
    differs: Mapping[str, Bools]
    missing: Ints
    surplus: Ints
    doubted: Mapping[str, Ints]
    unchecked: int
    left: Bools

    def wrong(self) -> Bools:
        """Which rows of `kept` are not what they should be, or should not be at all; shape (n,)."""
        rows = np.zeros(len(self.kept), dtype=np.bool_)
        for differs in self.differs.values():
            rows[self.at_kept[differs]] = True
        rows[self.surplus] = True
        return rows

    def left_wrong(self) -> int:
        """How many rows are wrong and stay so."""
        rows = self.wrong() & self.left
        for doubted in self.doubted.values():
            rows[doubted] = True
        return int(np.count_nonzero(rows))

    def settled(self) -> Buckets:
        """What the table holds once it is repaired."""
        believed = self.kept.take(self.left)
        return merged(believed, self.derived.take(~_in(self.derived, believed)))


def levels(ticks: Ticks, kept: Mapping[str, Buckets]) -> list[Level]:
    """Every roll-up of one source compared with its quotes, which are in order; `kept` are the tables' rows, in order."""
    hours, days, weeks = (kept[table] for table in WIDTHS_US)
    oldest = _oldest(ticks)
    believed = hours.take(_deleted(ticks, hours, days, weeks, oldest))
    recomputed = aggregate(ticks, HOUR_US) if len(ticks.item_id) else hours.take(np.empty(0, dtype=np.int64))
    derived = merged(recomputed.take(~_in(recomputed, believed)), believed)
    found = [_hours(hours, derived, believed)]
    for table, above in (("price_24h", weeks), ("price_7d", None)):
        below = found[-1].settled()
        derived = combine(below, WIDTHS_US[table]) if len(below) else below
        found.append(_wider(table, kept[table], derived, above, oldest))
    return found


def _oldest(ticks: Ticks) -> dict[int, int]:
    """The time of each item's first kept quote."""
    first = np.flatnonzero(np.diff(ticks.item_id, prepend=-1))
    return dict(zip(ticks.item_id[first].tolist(), ticks.time[first].tolist(), strict=True))


def _begins(buckets: Buckets, oldest: Mapping[int, int], width: int) -> Ints:
    """Per bucket: the edge at or before its item's first kept quote; NEVER where no quote is kept."""
    items, which = np.unique(buckets.item_id, return_inverse=True)
    times = np.array([oldest.get(item, NEVER) for item in items.tolist()], dtype=np.int64)
    edges = np.where(times == NEVER, NEVER, floor(np.where(times == NEVER, 0, times), width))
    return np.asarray(edges[which])


def _deleted(ticks: Ticks, hours: Buckets, days: Buckets, weeks: Buckets, oldest: Mapping[int, int]) -> Bools:
    """Which kept hours know more quotes than are left because those were deleted, not because the row is wrong; shape (n,).

    The day's row is the witness: where it counts the quotes that are left and what the hours know beyond them, those were there.
    Where it counts only the quotes that are left, the hour is wrong; so it is, where there is no such day, if the week counts
    all hours but those of that day.
    Otherwise hours are believed up to the first quote that is left, for retention deletes the oldest.
    """
    tick, hour = codes((ticks.item_id, floor(ticks.time, HOUR_US)), (hours.item_id, hours.bucket))
    quotes = np.searchsorted(tick, hour, "right") - np.searchsorted(tick, hour)
    more = hours.samples > quotes
    if not more.any():
        return more
    width = WIDTHS_US["price_24h"]
    of_tick, of_hour, of_day = codes(
        (ticks.item_id, floor(ticks.time, width)),
        (hours.item_id, floor(hours.bucket, width)),
        (days.item_id, days.bucket),
    )
    left = np.searchsorted(of_tick, of_hour, "right") - np.searchsorted(of_tick, of_hour)
    unique, which = np.unique(of_hour, return_inverse=True)
    excess = np.bincount(which, weights=np.where(more, hours.samples - quotes, 0), minlength=len(unique))[which]
    counted = _samples_at(of_hour, of_day, days.samples)
    without = replace(hours, samples=np.where(more & (counted < 0), quotes, hours.samples))
    refuted = np.where(counted >= 0, counted == left, _counts(weeks, "price_7d", hours, without))
    backed = np.isin(hours.item_id, days.item_id) | np.isin(hours.item_id, weeks.item_id)
    old = hours.bucket <= _begins(hours, oldest, HOUR_US)
    deleted: Bools = more & ((counted == left + excess) | (~refuted & old & backed))
    return deleted


def _samples_at(asked: Ints, keys: Ints, samples: Ints) -> Ints:
    """The samples of each key asked for, -1 where it is not among the sorted keys; shape (n,)."""
    found = np.full(len(asked), -1, dtype=np.int64)
    there = np.isin(asked, keys)
    found[there] = samples[np.searchsorted(keys, asked[there])]
    return found


def _counts(above: Buckets, table: str, rows: Buckets, parts: Buckets) -> Bools:
    """Of each row (n,), whether the bucket of `above` that it lies in is there and counts just the samples of `parts`."""
    width = WIDTHS_US[table]
    of_row, of_part, of_above = codes(
        (rows.item_id, floor(rows.bucket, width)),
        (parts.item_id, floor(parts.bucket, width)),
        (above.item_id, above.bucket),
    )
    unique, which = np.unique(of_part, return_inverse=True)
    sums = np.bincount(which, weights=parts.samples, minlength=len(unique)).astype(np.int64)
    counted: Bools = _samples_at(of_row, of_above, above.samples) == np.maximum(_samples_at(of_row, unique, sums), 0)
    return counted


def _hours(kept: Buckets, derived: Buckets, believed: Buckets) -> Level:
    left = _in(kept, believed)
    doubted = {name: np.flatnonzero(rows & left) for name, rows in _implausible(kept, HOUR_US).items()}
    return _level("price_1h", kept, derived, doubted, len(believed), left)


def _wider(table: str, kept: Buckets, derived: Buckets, above: Buckets | None, oldest: Mapping[int, int]) -> Level:
    """Days or weeks; where quotes are deleted, rows that know more than what is below them are left.

    A row with more samples and other differences shows that rows below it were lost; a day whose samples its week counts shows
    that its hours are wrong.
    """
    found = _level(table, kept, derived, {}, 0, np.zeros(len(kept), dtype=np.bool_))
    others = np.zeros(len(found.at_kept), dtype=np.bool_)
    for name, rows in found.differs.items():
        if name != "samples":
            others |= rows
    more = kept.samples[found.at_kept] > derived.samples[found.at_derived]
    found.left[found.at_kept[more & others]] = True
    if above is not None:
        outvoted = found.differs["samples"] & _counts(above, "price_7d", kept, kept)[found.at_kept]
        found.left[found.at_kept[outvoted]] = True
    surplus = kept.take(found.surplus)
    width = WIDTHS_US[table]
    planted = floor(surplus.bucket, width) != surplus.bucket
    if above is not None:
        planted |= _counts(above, "price_7d", surplus, derived)
    found.left[found.surplus] = ~planted
    found.left[kept.bucket > _begins(kept, oldest, width)] = False
    return found


def _level(table: str, kept: Buckets, derived: Buckets, doubted: dict[str, Ints], unchecked: int, left: Bools) -> Level:
    mine, theirs = codes((kept.item_id, kept.bucket), (derived.item_id, derived.bucket))
    _, at_kept, at_derived = np.intersect1d(mine, theirs, assume_unique=True, return_indices=True)
    differs = _differing(kept.take(at_kept), derived.take(at_derived))
    missing = np.setdiff1d(np.arange(len(derived)), at_derived, assume_unique=True)
    surplus = np.setdiff1d(np.arange(len(kept)), at_kept, assume_unique=True)
    return Level(table, kept, derived, at_kept, at_derived, differs, missing, surplus, doubted, unchecked, left)


def _differing(kept: Buckets, derived: Buckets) -> dict[str, Bools]:
    found: dict[str, Bools] = {}
    for name in NAMES[2:]:
        mine, theirs = getattr(kept, name), getattr(derived, name)
        if name in FLOATS:
            # Not `>`: a kept NaN differs, too.
            found[name] = ~(np.abs(mine - theirs) <= TOLERANCE * derived.high)
        else:
            found[name] = mine != theirs
    return found


def _implausible(kept: Buckets, width: int) -> dict[str, Bools]:
    """Which rows contradict themselves, by the column that does; shape (n,)."""
    slack = TOLERANCE * kept.high
    one = kept.samples == 1
    rolling = kept.volume_rolling == 1
    wrong = {
        "bucket": floor(kept.bucket, width) != kept.bucket,
        "low": (kept.low <= 0) | (kept.low > kept.high),
        "open": (kept.open < kept.low) | (kept.open > kept.high) | (one & (kept.open != kept.close)),
        "close": (kept.close < kept.low) | (kept.close > kept.high),
        "average": ~((kept.average >= kept.low - slack) & (kept.average <= kept.high + slack)),
        "stddev": ~((kept.stddev >= 0) & (kept.stddev <= (kept.high - kept.low) / 2 + slack)),
        "samples": kept.samples < 1,
        "open_time": (floor(kept.open_time, width) != kept.bucket) | (kept.open_time > kept.close_time),
        "close_time": (floor(kept.close_time, width) != kept.bucket) | (one & (kept.open_time != kept.close_time)),
        "volume": (kept.volume < -1) | ((kept.volume == -1) != (kept.volume_rolling == -1)),
        "volume_time": (kept.volume_time != -1) != rolling,
    }
    wrong["volume_time"] |= rolling & ((kept.volume_time < kept.open_time) | (kept.volume_time > kept.close_time))
    return wrong


def _in(buckets: Buckets, others: Buckets) -> Bools:
    """Which of the buckets have their key among the others; shape (n,)."""
    mine, theirs = codes((buckets.item_id, buckets.bucket), (others.item_id, others.bucket))
    return np.isin(mine, theirs)
