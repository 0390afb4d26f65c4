"""Preview: when a rule would have fired over the last 90 days, had it been looked at once an hour."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from app.alerts.rule import Condition
from app.alerts.states import DIRECTIONS, Event, NoData, Rules, State, compared, fresh, step
from app.analytics import WINDOWS, base_reach, measure
from app.analytics.arrays import Floats, Ints
from db.candles import read, symbols
from db.core.pool import Database
from db.items import items
from db.portfolio import snapshots
from db.quotes import candles

DAYS: Final = 90
HOUR: Final = 3_600
DAY: Final = 24
"""Hours."""
MONTH: Final = 30 * DAY
"""Hours before the first one looked at, which measures of then are made of."""
NOT_OLDER: Final = DAY
"""Hours after which a price is no data."""


@dataclass(frozen=True, slots=True)
class Preview:
    """When it would have fired, seconds since 1970, and of how many hours the value is known."""

    fired: list[float]
    hours: int


def preview(database: Database, user_id: int, condition: Condition, now: datetime) -> Preview | None:
    """The last 90 days of what a rule is on; None where there is no such item, or the user has no such portfolio."""
    if condition.portfolio_id is not None:
        rows = snapshots.series(database, user_id, condition.portfolio_id, now - timedelta(days=DAYS))
        times = np.array([row["time"].timestamp() for row in rows])
        found = replay(condition, times, np.array([float(row["value"]) for row in rows]))
        # Snapshots become fewer with time: the value is known from the first one on.
        return replace(found, hours=math.ceil((now.timestamp() - times[0]) / HOUR) if len(times) else 0)
    item = items.one(database, condition.item_id or 0)
    if item is None:
        return None
    last = int(now.timestamp()) // HOUR
    hours = np.arange(last - DAYS * DAY - MONTH + 1, last + 1)
    closes = np.full(len(hours), np.nan)
    if item["source"]:
        opened, close = _hourly(database, item["id"], item["source"], int(hours[0]) * HOUR)
        at = opened // HOUR - hours[0]
        inside = (at >= 0) & (at < len(hours))
        closes[at[inside]] = close[inside]
    ends = np.minimum((hours + 1.0) * HOUR, now.timestamp())
    return replay(condition, ends[MONTH:], values_of(condition, closes)[MONTH:])


def replay(condition: Condition, times: Floats, values: Floats) -> Preview:
    """A rule from its beginning at the first of n moments, in order, on its values of then (n,), NaN where not known."""
    rules = replace(_rules(condition), once=np.array([False]))  # how often it holds is asked
    hit, clear, lost = compared(rules, values)
    told = lost & (rules.no_data == NoData.ALERT)
    # Most hours change nothing of a rule that waits or fires: their steps are passed over.
    passed = {State.OK: ~(hit | told), State.FIRING: ~(clear | told)}
    states, fired = fresh(1, float(times[0]) if len(times) else 0.0), []
    for at, now in enumerate(times.tolist()):
        state = int(states.state[0])
        if state in passed and passed[State(state)][at]:
            continue
        one = step(rules, states, values[at : at + 1], now)
        states = one.states
        if one.event[0] == Event.FIRED:
            fired.append(now)
    return Preview(fired, int(np.isfinite(values).sum()))


def values_of(condition: Condition, closes: Floats) -> Floats:
    """What an item's rule is compared with at the end of each hour, of the hourly closes (hours,), NaN where nothing was quoted.

    The same as db/alerts/values.py, but that a change over 1h is of hourly closes. A sigma needs `MONTH` hours before it.
    """
    if condition.kind == "price":
        return _last(closes, NOT_OLDER)
    if condition.kind == "stale":
        age = _age(closes)
        return np.where(age < len(closes), age, np.nan)
    if condition.kind == "change":
        return _change(closes, WINDOWS[str(condition.window)].seconds // HOUR)
    sigma = np.full(len(closes), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(closes, MONTH)
    sigma[MONTH - 1 :] = measure(windows, bucket_seconds=HOUR).return_volatility
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = np.log1p(_change(closes, DAY) / 100) / sigma
    return np.where(np.isfinite(moved), moved, np.nan)


def _age(closes: Floats) -> Ints:
    """Hours since the last close, 0 for one of this hour; as many as there are and more where there was none."""
    at = np.arange(len(closes))
    seen = np.maximum.accumulate(np.where(np.isnan(closes), -len(closes), at))
    return np.asarray(at - seen)


def _last(closes: Floats, within: int) -> Floats:
    """The last close of each hour, NaN where it is `within` hours old or older."""
    age = _age(closes)
    return np.where(age < within, closes[np.maximum(np.arange(len(closes)) - age, 0)], np.nan)


def _change(closes: Floats, hours: int) -> Floats:
    """In percent over so many hours: the last close in them by the last one before, as the measures have it."""
    base = _last(closes, int(base_reach(hours * HOUR)) // HOUR)
    before = np.full(len(closes), np.nan)
    before[hours:] = base[:-hours]
    return np.asarray(100 * (_last(closes, hours) / before - 1))


def _hourly(database: Database, item_id: int, source: str, since: int) -> tuple[Ints, Floats]:
    """Beginnings of hours (n,) and their closes, of an item or a pair."""
    if symbols.of_item(database, item_id):
        count = DAYS * DAY + MONTH
        pair = read.candles(database, item_id, source, "1h", since=since, until=None, limit=count)
        return pair.open_time, pair.close.astype(np.float64)
    found = candles.candles(database, item_id, source, "1h", since=datetime.fromtimestamp(since, tz=UTC))
    return found.time, found.close.astype(np.float64)


def _rules(condition: Condition) -> Rules:
    return Rules(
        sign=np.array([DIRECTIONS[condition.direction]]),
        threshold=np.array([condition.threshold], dtype=np.float64),
        clear=np.array([condition.threshold if condition.clear is None else condition.clear], dtype=np.float64),
        hold=np.array([condition.hold_seconds], dtype=np.float64),
        cooldown=np.array([condition.cooldown_seconds], dtype=np.float64),
        once=np.array([condition.once]),
        no_data=np.array([NoData[condition.no_data.upper()]]),
    )
