"""The state machine of alerts: flapping tells once, a restart loses and repeats nothing, holds and cooldowns are kept."""

import math
from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.alerts.states import DIRECTIONS, Event, NoData, Rules, State, States, Step, changed, fresh, step

MINUTE = 60.0
T0 = 1_700_000_000.0
some = settings(max_examples=40)
"""Each looks at up to sixty steps."""


def rule(
    threshold: float = 100.0,
    clear: float = 98.0,
    *,
    direction: str = "above",
    hold: float = 0,
    cooldown: float = 0,
    once: bool = False,
    no_data: NoData = NoData.KEEP,
) -> Rules:
    return Rules(
        np.array([DIRECTIONS[direction]]),
        np.array([threshold]),
        np.array([clear]),
        np.array([float(hold)]),
        np.array([float(cooldown)]),
        np.array([once]),
        np.array([int(no_data)]),
    )


def played(rules: Rules, values: list[float], every: float = MINUTE) -> list[tuple[Event, State]]:
    """Event and state of one rule at each of its values."""
    states, found = fresh(1, T0), []
    for at, value in enumerate(values):
        one = step(rules, states, np.array([value]), T0 + at * every)
        states = one.states
        found.append((Event(int(one.event[0])), State(int(states.state[0]))))
    return found


def told(rules: Rules, values: list[float], every: float = MINUTE) -> list[tuple[int, Event]]:
    return [(at, event) for at, (event, _) in enumerate(played(rules, values, every)) if event]


values_ = st.lists(st.one_of(st.floats(80, 120), st.just(float("nan"))), min_size=1, max_size=60)
rules_ = st.builds(
    rule,
    st.just(100.0),
    st.floats(90, 100),
    hold=st.sampled_from([0.0, MINUTE, 5 * MINUTE]),
    cooldown=st.sampled_from([0.0, 3 * MINUTE, 30 * MINUTE]),
    once=st.booleans(),
    no_data=st.sampled_from(NoData),
)


@some
@given(st.lists(st.floats(99, 101), min_size=1, max_size=200), st.integers(0, 199))
def test_flapping_of_one_percent_around_the_line_tells_once(swings: list[float], at: int) -> None:
    swings.insert(min(at, len(swings)), 100.5)
    assert [event for _, event in told(rule(), swings)] == [Event.FIRED]


@some
@given(rules_, values_, st.data())
def test_a_restart_loses_and_repeats_nothing(rules: Rules, values: list[float], data: st.DataObject) -> None:
    """All that a step needs of the steps before is in the states: stored and read back at any time, they go on the same."""
    states = kept = fresh(1, T0)
    for at, value in enumerate(values):
        now = T0 + at * MINUTE
        if data.draw(st.booleans()):
            text = [[float(number) for number in getattr(kept, field.name)] for field in fields(States)]
            kept = States(np.array(text[0], dtype=np.int64), *(np.array(one) for one in text[1:]))
        one, other = step(rules, states, np.array([value]), now), step(rules, kept, np.array([value]), now)
        assert one.event.tolist() == other.event.tolist()
        states, kept = one.states, other.states
        assert not len(changed(states, kept))


@some
@given(rules_, values_)
def test_the_same_moment_again_tells_nothing_new(rules: Rules, values: list[float]) -> None:
    """A step that was stored and is done again, by another process say, is silent."""
    states = fresh(1, T0)
    for at, value in enumerate(values):
        one = step(rules, states, np.array([value]), T0 + at * MINUTE)
        again = step(rules, one.states, np.array([value]), T0 + at * MINUTE)
        if one.event[0]:
            assert not again.event[0]
        states = one.states


@some
@given(rules_, values_)
def test_alerts_alternate_and_keep_hold_and_cooldown(rules: Rules, values: list[float]) -> None:
    hold, cooldown, clear = float(rules.hold[0]), float(rules.cooldown[0]), float(rules.clear[0])
    found = told(rules, values)
    begun = [at for at, event in found if event in {Event.FIRED, Event.NO_DATA}]
    assert all((second - first) * MINUTE >= cooldown for first, second in pairwise(begun))
    for at, event in found:
        if event is Event.FIRED:
            held = values[at - int(hold // MINUTE) : at + 1]
            assert len(held) > hold // MINUTE
            assert all(value >= 100 for value in held)
    # Between two alerts of one rule lies a value beyond the clear threshold, or one that is not known and means that.
    fired = [at for at, event in found if event is Event.FIRED]
    for first, second in pairwise(fired):
        between = values[first:second]
        assert any(value < clear or (math.isnan(value) and rules.no_data[0] == NoData.OK) for value in between)
    if rules.once[0]:
        assert len(fired) <= 1
    ends = [event for _, event in found if event in {Event.FIRED, Event.RECOVERED}]
    if rules.no_data[0] != NoData.ALERT:
        assert all(one is not other for one, other in pairwise(ends))


@some
@given(st.lists(st.tuples(rules_, values_), min_size=2, max_size=6))
def test_rules_do_not_influence_each_other(given_: list[tuple[Rules, list[float]]]) -> None:
    length = min(len(values) for _, values in given_)
    together = Rules(
        **{field.name: np.concatenate([getattr(rules, field.name) for rules, _ in given_]) for field in fields(Rules)}
    )
    states, alone = fresh(len(given_), T0), [fresh(1, T0) for _ in given_]
    for at in range(length):
        now = T0 + at * MINUTE
        whole = step(together, states, np.array([values[at] for _, values in given_]), now)
        steps: list[Step] = [
            step(rules, state, np.array([values[at]]), now)
            for (rules, values), state in zip(given_, alone, strict=True)
        ]
        assert whole.event.tolist() == [int(one.event[0]) for one in steps]
        states, alone = whole.states, [one.states for one in steps]


@some
@given(rules_, values_)
def test_below_is_above_upside_down(rules: Rules, values: list[float]) -> None:
    mirrored = rule(
        -100,
        -float(rules.clear[0]),
        direction="below",
        hold=float(rules.hold[0]),
        cooldown=float(rules.cooldown[0]),
        once=bool(rules.once[0]),
        no_data=NoData(int(rules.no_data[0])),
    )
    assert played(rules, values) == played(mirrored, [-value for value in values])


def test_a_hold_begins_anew_where_the_condition_breaks() -> None:
    rules = rule(hold=2 * MINUTE)
    assert told(rules, [101, 101, 99, 101, 101, 101, 97, 99.5, 97, 97, 97]) == [
        (5, Event.FIRED),
        (10, Event.RECOVERED),
    ]
    assert played(rules, [101, 101])[-1] == (Event.NONE, State.PENDING)
    assert played(rules, [101, 101, 101, 97])[-1] == (Event.NONE, State.RECOVERING)


def test_an_alert_in_the_cooldown_waits_for_its_end() -> None:
    rules = rule(cooldown=10 * MINUTE)
    assert told(rules, [101, 97, *[101] * 12]) == [(0, Event.FIRED), (1, Event.RECOVERED), (10, Event.FIRED)]
    assert told(rules, [101, 97, 101, 97, 101, 97, 97, 97, 97, 97, 97]) == [(0, Event.FIRED), (1, Event.RECOVERED)]


def test_what_an_event_tells_holds_since_the_condition_began() -> None:
    states = fresh(1, T0)
    rules = rule(hold=2 * MINUTE)
    for at, value in enumerate([90.0, 101.0, 102.0, 103.0]):
        one = step(rules, states, np.array([value]), T0 + at * MINUTE)
        states = one.states
    assert (one.event[0], one.began[0]) == (Event.FIRED, T0 + MINUTE)
    for at, value in enumerate([90.0, 90.0, 90.0], 4):
        one = step(rules, states, np.array([value]), T0 + at * MINUTE)
        states = one.states
    assert (one.event[0], one.began[0]) == (Event.RECOVERED, T0 + 3 * MINUTE), "since it fired"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (NoData.KEEP, [(0, Event.FIRED)]),
        (NoData.OK, [(0, Event.FIRED), (1, Event.RECOVERED), (3, Event.FIRED)]),
        (NoData.ALERT, [(0, Event.FIRED), (1, Event.NO_DATA)]),
    ],
)
def test_no_data_means_what_the_rule_says(policy: NoData, expected: list[tuple[int, Event]]) -> None:
    nan = float("nan")
    assert told(rule(no_data=policy), [101, nan, nan, 101, 101]) == expected
    if policy is NoData.ALERT:
        assert told(rule(no_data=policy), [90, nan, nan, 90]) == [(1, Event.NO_DATA), (3, Event.RECOVERED)]


def test_either_way_compares_the_amount() -> None:
    rules = rule(3, 2.5, direction="either")
    assert told(rules, [0, -3.1, -2.6, -2.0, 3.0]) == [(1, Event.FIRED), (3, Event.RECOVERED), (4, Event.FIRED)]


def test_a_rule_of_once_is_done() -> None:
    assert played(rule(once=True), [101, 90, 101]) == [(Event.FIRED, State.DONE)] + [(Event.NONE, State.DONE)] * 2
