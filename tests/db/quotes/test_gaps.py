"""Gaps are told from a series' own rhythm, and explained by what is known of its provider."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.core.pool import Database
from db.operations import outages, providers
from db.quotes import gaps
from db.quotes.gaps import Gap

HOUR, DAY = 3_600, 86_400
START = 1_700_006_400


def series(*steps: int) -> np.ndarray:
    return START + np.cumsum([0, *steps])


@given(step=st.integers(60, 10 * DAY), count=st.integers(0, 200))
def test_an_even_series_has_no_gap(step: int, count: int) -> None:
    assert not gaps.after(series(*[step] * count)).any()


@given(step=st.integers(60, DAY), before=st.integers(5, 80), behind=st.integers(5, 80), missing=st.integers(1, 500))
def test_what_is_cut_out_of_an_even_series_is_a_gap_from_three_bars_on(
    step: int, before: int, behind: int, missing: int
) -> None:
    time = series(*[step] * (before + missing + behind))
    left = np.delete(time, np.arange(before, before + missing))
    assert np.flatnonzero(gaps.after(left)).tolist() == ([before - 1] if missing >= gaps.LATE else [])


@given(st.lists(st.integers(1, 100), min_size=0, max_size=120), st.integers(1, 1000))
def test_another_unit_of_time_finds_the_same(steps: list[int], factor: int) -> None:
    time = series(*steps)
    assert (gaps.after(time) == gaps.after(time * factor)).all()
    assert len(gaps.after(time)) == len(time)


def test_a_history_that_goes_from_days_to_hours_has_none() -> None:
    assert not gaps.after(series(*[DAY] * 60, *[HOUR] * 300)).any()


def test_an_item_that_is_seldom_sold_is_measured_by_itself() -> None:
    rng = np.random.default_rng(7)
    steps = DAY * rng.geometric(0.3, 400)
    assert gaps.after(series(*steps.tolist())).sum() <= 400 * 0.03
    assert gaps.after(series(*steps.tolist(), 200 * DAY, *steps.tolist()))[400]


def test_few_bars_have_no_rhythm() -> None:
    assert not gaps.after(series(HOUR, HOUR, 900 * HOUR, HOUR)).any()
    assert gaps.find(series(), HOUR, START + 900 * HOUR) == []
    assert gaps.find(np.array([], dtype=np.int64), HOUR, START) == []


def test_a_gap_lies_between_bars_and_one_may_last() -> None:
    time = series(*[HOUR] * 20, 10 * HOUR, *[HOUR] * 20)
    last = int(time[-1])
    first = Gap(START + 21 * HOUR, START + 30 * HOUR)
    assert gaps.find(time, HOUR, last + 4 * HOUR) == [first]
    assert gaps.find(time, HOUR, last + 4 * HOUR + 1) == [first, Gap(last + HOUR, None)]


NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def gap(since: float, until: float | None) -> Gap:
    """Hours before NOW."""
    end = None if until is None else int((NOW - timedelta(hours=until)).timestamp())
    return Gap(int((NOW - timedelta(hours=since)).timestamp()), end)


@pytest.fixture
def recorded(database: Database) -> Database:
    """A provider whose outages are recorded for the last hundred hours, with three of them."""
    providers.register(database, "skinport", simulated=False, interval=300)
    database.execute("UPDATE provider_state SET outages_since = %s", [NOW - timedelta(hours=100)])
    for since, until, cause in ((90, 80, "instance_off"), (50, 45, "throttled"), (44, 40, "network")):
        outages.begin(database, "skinport", NOW - timedelta(hours=since), cause=cause, detail=f"{cause}, it said")
        outages.end(database, "skinport", NOW - timedelta(hours=until))
    outages.begin(database, "skinport", NOW - timedelta(hours=5), cause="auth", detail="no")
    return database


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        (gap(89, 81), "instance_off"),
        (gap(95, 75), "instance_off"),
        (gap(51, 39), "throttled"),  # neither is half of it, together they are
        (gap(60, 39), "not_quoted"),
        (gap(50, 44), "throttled"),
        (gap(44, 40), "network"),
        (gap(30, 20), "not_quoted"),
        (gap(5, None), "auth"),
        (gap(200, 150), None),
    ],
)
def test_the_longest_of_the_outages_that_explain_a_gap_is_its_cause(
    recorded: Database, found: Gap, cause: str | None
) -> None:
    (told,) = gaps.explain(recorded, "skinport", [found], NOW)
    assert (told.since, told.until) == (found.since, found.until)
    assert told.cause == cause


def test_nothing_is_known_of_who_never_ran_here(recorded: Database) -> None:
    found = [gap(89, 81)]
    assert gaps.explain(recorded, "steam", found, NOW) == found
    assert gaps.explain(recorded, None, found, NOW) == found
