"""Gaps: the times in which a source said nothing of an item although it used to, and what is known of their cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from db.core.arrays import Bools, Ints
from db.core.pool import Database, Row
from db.operations import outages

AROUND: Final = 12
"""Steps on either side that say what is usual at a place of a series."""
QUARTILE: Final = 0.75
LATE: Final = 3
"""A step is a gap from more than so many usual ones on: prices count as stale then."""
LEAST_STEPS: Final = 8
"""A series of fewer steps has no rhythm of its own."""
MOST_OF_IT: Final = 0.5
"""Outages explain a gap of which they are at least this part; the longest of them is named."""
NOT_QUOTED: Final = "not_quoted"
"""The cause where the provider was asked and answered, but said nothing of the item."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The time [since, until) that no bucket covers, in seconds since 1970; `until` is None for one that lasts.

    `cause` is an outage's, `NOT_QUOTED`, or None where nothing is known; `detail` what the provider's failure said.
    """

    since: int
    until: int | None
    cause: str | None = None
    detail: str | None = None


def after(time: Ints) -> Bools:
    """Behind which of n ascending times there is a gap; shape (n,), the last one never.

    A gap is a step of more than `LATE` usual ones. The usual one at a place is the upper quartile of the 25 around it, so that a
    history which goes from days to hours, or an item that is seldom sold, is measured by itself.
    """
    found = np.zeros(len(time), dtype=np.bool_)
    steps = np.diff(time)
    if len(steps) < LEAST_STEPS:
        return found
    width = min(2 * AROUND + 1, len(steps))
    windows = np.lib.stride_tricks.sliding_window_view(steps, width)
    usual = np.quantile(windows, QUARTILE, axis=1, method="higher")
    at = np.clip(np.arange(len(steps)) - AROUND, 0, len(windows) - 1)
    found[:-1] = steps > LATE * usual[at]
    return found


def find(time: Ints, width: int, now: float) -> list[Gap]:
    """The gaps of a series of observed buckets, oldest first, and the one that lasts at `now` (seconds since 1970).

    `time` (n,) are the buckets' beginnings in seconds, ascending; each is `width` seconds long.
    """
    found = [Gap(int(time[at]) + width, int(time[at + 1])) for at in np.flatnonzero(after(time))]
    steps = np.diff(time)[-2 * AROUND :]
    if len(steps) >= LEAST_STEPS and now - time[-1] > LATE * np.quantile(steps, QUARTILE, method="higher") + width:
        found.append(Gap(int(time[-1]) + width, None))
    return found


def explain(database: Database, provider: str | None, found: Sequence[Gap], now: datetime) -> list[Gap]:
    """The same gaps with their causes; `provider` is whose outages count, None where nobody collects the source."""
    recorded = None if provider is None else outages.recorded_since(database, provider)
    if not found or provider is None or recorded is None:
        return list(found)
    since = datetime.fromtimestamp(found[0].since, UTC)
    known = outages.between(database, provider, since, now)
    return [_explained(gap, known, recorded, now) for gap in found]


def _explained(gap: Gap, known: Sequence[Row], recorded: datetime, now: datetime) -> Gap:
    since, until = float(gap.since), now.timestamp() if gap.until is None else float(gap.until)
    enough = MOST_OF_IT * (until - since)
    shared = [
        min(until, (outage["until"] or now).timestamp()) - max(since, outage["since"].timestamp()) for outage in known
    ]
    explained = sum(max(0.0, part) for part in shared)
    if known and explained >= enough:
        longest = known[int(np.argmax(shared))]
        return Gap(gap.since, gap.until, longest["cause"], longest["detail"])
    if until - max(since, recorded.timestamp()) - explained >= enough:
        return Gap(gap.since, gap.until, NOT_QUOTED)
    return gap
