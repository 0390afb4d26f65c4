"""States of alert rules: a state machine over many rules at once, in NumPy, without any input or output.

A rule fires where its value reaches the threshold, and ends where the value is beyond the clear threshold: what swings
between the two changes nothing. Both must hold for the rule's hold time. A new alert waits for the end of the cooldown,
and is given up if the condition ends before.
"""

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from app.analytics.arrays import Bools, Floats, Ints


class State(IntEnum):
    """Where a rule is; stored as the number."""

    OK = 0
    PENDING = 1
    FIRING = 2
    RECOVERING = 3
    NO_DATA = 4
    DONE = 5
    """Fired, and was to fire once."""


class Event(IntEnum):
    """What a step tells."""

    NONE = 0
    FIRED = 1
    RECOVERED = 2
    NO_DATA = 3


class NoData(IntEnum):
    """What an unknown value means: nothing changes, the condition does not hold, or it is an alert itself."""

    KEEP = 0
    OK = 1
    ALERT = 2


DIRECTIONS = {"above": 1, "below": -1, "either": 0}
"""By name, the sign that values and thresholds are compared with; 0 compares the value's amount."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What n rules ask for; arrays (n,), times in seconds."""

    sign: Ints
    threshold: Floats
    clear: Floats
    hold: Floats
    cooldown: Floats
    once: Bools
    no_data: Ints


@dataclass(frozen=True, slots=True)
class States:
    """Where n rules are; arrays (n,), moments in seconds since 1970, NaN for never."""

    state: Ints
    since: Floats
    """When it came into its state; of one that fires, since when the condition holds."""
    opened: Floats
    """When it fired; NaN where no alert is open."""
    told: Floats
    """When an alert was told last: the cooldown counts from it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one evaluation does: the states after it, an `Event` a rule, and since when what it tells holds."""

    states: States
    event: Ints
    began: Floats


def step(rules: Rules, before: States, values: Floats, now: float) -> Step:
    """Evaluate n rules on their values of one moment, (n,), NaN where unknown. Rules do not influence each other."""
    hit, clear, lost = compared(rules, values)
    state, since = before.state, before.since
    live = state != State.DONE
    is_open = ~np.isnan(before.opened)
    rested = ~(now < before.told + rules.cooldown)  # NaN: never told

    # No data ends nothing and begins nothing, unless the rule says so; a hold that it interrupts begins anew.
    missing = lost & live & (state != State.NO_DATA) & rested & (rules.no_data == NoData.ALERT)
    broken = lost & ~missing & np.isin(state, (State.PENDING, State.RECOVERING))
    back = np.where(is_open, State.FIRING, State.OK)

    closed = live & ~is_open & ~lost
    waits = closed & hit
    began = np.where(state == State.PENDING, since, now)
    fires = waits & (now - began >= rules.hold) & rested
    calms = closed & ~hit & np.isin(state, (State.PENDING, State.NO_DATA))

    opened = live & is_open & ~lost
    leaves = opened & clear
    left = np.where(state == State.RECOVERING, since, now)
    ends = leaves & (now - left >= rules.hold)
    stays = opened & ~clear & (state != State.FIRING)

    after = np.select(
        [missing, broken, fires, waits, calms, ends, leaves, stays],
        [State.NO_DATA, back, np.where(rules.once, State.DONE, State.FIRING), State.PENDING, State.OK, State.OK,
         State.RECOVERING, State.FIRING],
        state,
    )  # fmt: skip
    begins = np.where(fires, began, np.where(after == state, since, now))
    event = np.select(
        [missing, fires, ends | (calms & (state == State.NO_DATA))],
        [Event.NO_DATA, Event.FIRED, Event.RECOVERED],
        Event.NONE,
    )
    told_of = np.where(ends, before.opened, np.where(missing, now, np.where(fires, began, since)))
    held = replace(
        before,
        state=after,
        since=begins,
        opened=np.where(fires & ~rules.once, now, np.where(ends, np.nan, before.opened)),
        told=np.where(fires | missing, now, before.told),
    )
    return Step(held, event, told_of)


def fresh(count: int, now: float) -> States:
    """The states of rules that were never evaluated."""
    never = np.full(count, np.nan)
    return States(np.full(count, State.OK, dtype=np.int64), np.full(count, now), never, never)


def changed(before: States, after: States) -> Ints:
    """Which rules are not where they were; ascending."""
    same = before.state == after.state
    for name in ("since", "opened", "told"):
        old, new = getattr(before, name), getattr(after, name)
        same &= (old == new) | (np.isnan(old) & np.isnan(new))
    return np.flatnonzero(~same)


def compared(rules: Rules, values: Floats) -> tuple[Bools, Bools, Bools]:
    """Where the condition holds, where it is over, and where nothing is known and that means neither."""
    sign = np.where(rules.sign == 0, 1, rules.sign)
    value = np.where(rules.sign == 0, np.abs(values), sign * values)
    unknown = np.isnan(values)
    calm = unknown & (rules.no_data == NoData.OK)
    return value >= sign * rules.threshold, (value < sign * rules.clear) | calm, unknown & ~calm
