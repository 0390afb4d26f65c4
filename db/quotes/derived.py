"""Derived roll-ups: recomputes them from the stored quotes, and compares them with the tables, in NumPy.

Hours are recomputed from their quotes, days from hours, weeks from days. Retention deletes raw quotes, so an hour may know
more than the quotes that are left: such an hour is trusted, checked against itself alone, and never shrunk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from db.core.arrays import Bools, Ints
from db.quotes.buckets import HOUR_US, NAMES, WIDTHS_US, Buckets, Ticks, aggregate, combine, floor, merged
from db.quotes.stored import codes

TOLERANCE = 1e-9
"""Of the bucket's highest price: how far a stored average or deviation may lie from the recomputed one.

Both are sums of n rounded terms, in another order where late quotes were merged; the error stays below 3 n ε of the price, with
ε = 1.1e-16: 3e-12 for a week of quotes a minute. No real change is that small: a quote that moves by a minor unit moves the
average of n by 1/n.
"""
FLOATS = ("average", "stddev")
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Level:
    """One roll-up of one source and a range of items.

    `stored` is what the table holds, `derived` what it should hold. `at_stored` and `at_derived` (m,) pair up the rows that are in
    both, `differs` says by column which of the pairs (m,) differ. `missing` are rows of `derived`, `surplus` rows of `stored`
    without a counterpart. `inconsistent` are rows of `stored` that contradict themselves, by column; `unchecked` counts those whose
    quotes are deleted. `untouched` marks rows of `stored` (n,) that a repair must not touch: they know more than what is below them.
    """

    table: str
    stored: Buckets
    derived: Buckets
    at_stored: Ints
    at_derived: Ints
    differs: Mapping[str, Bools]
    missing: Ints
    surplus: Ints
    inconsistent: Mapping[str, Ints]
    unchecked: int
    untouched: Bools

    def wrong(self) -> Bools:
        """Which rows of `stored` are not what they should be, or should not be at all; shape (n,)."""
        rows = np.zeros(len(self.stored), dtype=np.bool_)
        for differs in self.differs.values():
            rows[self.at_stored[differs]] = True
        rows[self.surplus] = True
        return rows

    def unrepaired(self) -> int:
        """How many rows are wrong and stay so."""
        rows = self.wrong() & self.untouched
        for inconsistent in self.inconsistent.values():
            rows[inconsistent] = True
        return int(np.count_nonzero(rows))

    def after_repair(self) -> Buckets:
        """What the table holds once it is repaired."""
        if not self.untouched.any():
            return self.derived
        trusted = self.stored.take(self.untouched)
        return merged(trusted, self.derived.take(~_in(self.derived, trusted)))


def levels(ticks: Ticks, stored: Mapping[str, Buckets], *, twice: tuple[Ints, Ints]) -> list[Level]:
    """Every roll-up of one source compared with its quotes, which are in order; `stored` are the tables' rows, in order.

    `twice` are items and times of quotes that stand in the history once more: a row that counts them so is wrong, and is no sign of
    deleted quotes.
    """
    hours, days, weeks = (stored[table] for table in WIDTHS_US)
    oldest = _oldest(ticks)
    trusted = hours.take(_deleted(_with(ticks, twice), hours, days, weeks, oldest))
    recomputed = aggregate(ticks, HOUR_US) if len(ticks.item_id) else hours.take(np.empty(0, dtype=np.int64))
    derived = merged(recomputed.take(~_in(recomputed, trusted)), trusted) if len(trusted) else recomputed
    found = [_hours(hours, derived, trusted)]
    for table, above in (("price_24h", weeks), ("price_7d", None)):
        below = found[-1].after_repair()
        derived = combine(below, WIDTHS_US[table]) if len(below) else below
        found.append(_wider(table, stored[table], derived, above, oldest, twice))
    return found


def _with(ticks: Ticks, twice: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Item and time of every quote as often as it stands in the history, in order."""
    if not len(twice[0]):
        return ticks.item_id, ticks.time
    item_id, time = (np.concatenate(parts) for parts in zip((ticks.item_id, ticks.time), twice, strict=True))
    order = np.lexsort((time, item_id))
    return item_id[order], time[order]


def _oldest(ticks: Ticks) -> dict[int, int]:
    """The time of each item's first stored quote."""
    first = np.flatnonzero(np.diff(ticks.item_id, prepend=-1))
    return dict(zip(ticks.item_id[first].tolist(), ticks.time[first].tolist(), strict=True))


def _begins(buckets: Buckets, oldest: Mapping[int, int], width: int) -> Ints:
    """Per bucket: the edge at or before its item's first stored quote; NEVER where no quote is stored."""
    items, which = np.unique(buckets.item_id, return_inverse=True)
    times = np.array([oldest.get(item, NEVER) for item in items.tolist()], dtype=np.int64)
    edges = np.where(times == NEVER, NEVER, floor(np.where(times == NEVER, 0, times), width))
    return np.asarray(edges[which])


def _deleted(
    quoted: tuple[Ints, Ints], hours: Buckets, days: Buckets, weeks: Buckets, oldest: Mapping[int, int]
) -> Bools:
    """Which stored hours know more quotes than are left because those were deleted, not because the row is wrong; shape (n,).

    `quoted` are items and times of the quotes that are left, in order.
    The day's row is the witness: where it counts the quotes that are left and what the hours know beyond them, those were there.
    Where it counts only the quotes that are left, the hour is wrong; so it is, where there is no such day, if the week counts
    all hours but those of that day.
    Otherwise hours are believed up to the first quote that is left, for retention deletes the oldest.
    """
    quotes = _quotes_in(hours, quoted, HOUR_US)
    more = hours.samples > quotes
    if not more.any():
        return more
    width = WIDTHS_US["price_24h"]
    of_tick, of_hour, of_day = codes(
        (quoted[0], floor(quoted[1], width)),
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


def _quotes_in(buckets: Buckets, quoted: tuple[Ints, Ints], width: int) -> Ints:
    """How many quotes, given by item and time in order, fall into each bucket; shape (n,)."""
    of_quote, of_bucket = codes((quoted[0], floor(quoted[1], width)), (buckets.item_id, buckets.bucket))
    return np.asarray(np.searchsorted(of_quote, of_bucket, "right") - np.searchsorted(of_quote, of_bucket))


def _samples_at(wanted: Ints, keys: Ints, samples: Ints) -> Ints:
    """The samples of each key asked for, -1 where it is not among the sorted keys; shape (n,)."""
    found = np.full(len(wanted), -1, dtype=np.int64)
    there = np.isin(wanted, keys)
    found[there] = samples[np.searchsorted(keys, wanted[there])]
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


def _hours(stored: Buckets, derived: Buckets, trusted: Buckets) -> Level:
    untouched = _in(stored, trusted)
    inconsistent = {name: np.flatnonzero(rows & untouched) for name, rows in _implausible(stored, HOUR_US).items()}
    return _level("price_1h", stored, derived, inconsistent, len(trusted), untouched)


def _wider(
    table: str,
    stored: Buckets,
    derived: Buckets,
    above: Buckets | None,
    oldest: Mapping[int, int],
    twice: tuple[Ints, Ints],
) -> Level:
    """Days or weeks; where quotes are deleted, rows that know more than what is below them are left.

    A row with more samples and other differences shows that rows below it were lost; a day whose samples its week counts shows
    that its hours are wrong.
    """
    found = _level(table, stored, derived, {}, 0, np.zeros(len(stored), dtype=np.bool_))
    others = np.zeros(len(found.at_stored), dtype=np.bool_)
    for name, rows in found.differs.items():
        if name != "samples":
            others |= rows
    more = stored.samples[found.at_stored] > derived.samples[found.at_derived]
    found.untouched[found.at_stored[more & others]] = True
    if above is not None:
        outvoted = found.differs["samples"] & _counts(above, "price_7d", stored, stored)[found.at_stored]
        found.untouched[found.at_stored[outvoted]] = True
    surplus = stored.take(found.surplus)
    width = WIDTHS_US[table]
    planted = floor(surplus.bucket, width) != surplus.bucket
    if above is not None:
        planted |= _counts(above, "price_7d", surplus, derived)
    found.untouched[found.surplus] = ~planted
    found.untouched[stored.bucket > _begins(stored, oldest, width)] = False
    again = _quotes_in(stored, twice, width)[found.at_stored]
    counts_twice = (again > 0) & (stored.samples[found.at_stored] == derived.samples[found.at_derived] + again)
    found.untouched[found.at_stored[counts_twice]] = False
    return found


def _level(
    table: str, stored: Buckets, derived: Buckets, inconsistent: dict[str, Ints], unchecked: int, untouched: Bools
) -> Level:
    mine, theirs = codes((stored.item_id, stored.bucket), (derived.item_id, derived.bucket))
    if np.array_equal(mine, theirs):  # as it should be, and nearly always is
        at_stored = at_derived = np.arange(len(mine))
        missing = surplus = np.empty(0, dtype=np.int64)
        differs = _differing(stored, derived)
    else:
        _, at_stored, at_derived = np.intersect1d(mine, theirs, assume_unique=True, return_indices=True)
        missing = np.setdiff1d(np.arange(len(derived)), at_derived, assume_unique=True)
        surplus = np.setdiff1d(np.arange(len(stored)), at_stored, assume_unique=True)
        differs = _differing(stored.take(at_stored), derived.take(at_derived))
    return Level(
        table, stored, derived, at_stored, at_derived, differs, missing, surplus, inconsistent, unchecked, untouched
    )


def _differing(stored: Buckets, derived: Buckets) -> dict[str, Bools]:
    found: dict[str, Bools] = {}
    for name in NAMES[2:]:
        mine, theirs = getattr(stored, name), getattr(derived, name)
        if name in FLOATS:
            # Not `>`: a stored NaN differs, too.
            found[name] = ~(np.abs(mine - theirs) <= TOLERANCE * derived.high)
        else:
            found[name] = mine != theirs
    return found


def _implausible(stored: Buckets, width: int) -> dict[str, Bools]:
    """Which rows contradict themselves, by the column that does; shape (n,)."""
    slack = TOLERANCE * stored.high
    one = stored.samples == 1
    rolling = stored.volume_rolling == 1
    wrong = {
        "bucket": floor(stored.bucket, width) != stored.bucket,
        "low": (stored.low <= 0) | (stored.low > stored.high),
        "open": (stored.open < stored.low) | (stored.open > stored.high) | (one & (stored.open != stored.close)),
        "close": (stored.close < stored.low) | (stored.close > stored.high),
        "average": ~((stored.average >= stored.low - slack) & (stored.average <= stored.high + slack)),
        "stddev": ~((stored.stddev >= 0) & (stored.stddev <= (stored.high - stored.low) / 2 + slack)),
        "samples": stored.samples < 1,
        "open_time": (floor(stored.open_time, width) != stored.bucket) | (stored.open_time > stored.close_time),
        "close_time": (floor(stored.close_time, width) != stored.bucket)
        | (one & (stored.open_time != stored.close_time)),
        "volume": (stored.volume < -1) | ((stored.volume == -1) != (stored.volume_rolling == -1)),
        "volume_time": (stored.volume_time != -1) != rolling,
    }
    wrong["volume_time"] |= rolling & (
        (stored.volume_time < stored.open_time) | (stored.volume_time > stored.close_time)
    )
    return wrong


def _in(buckets: Buckets, others: Buckets) -> Bools:
    """Which of the buckets have their key among the others; shape (n,)."""
    mine, theirs = codes((buckets.item_id, buckets.bucket), (others.item_id, others.bucket))
    return np.isin(mine, theirs)
