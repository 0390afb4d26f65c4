"""A polling plan keeps the market's limit, forgets nobody, and is the best one there is."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.providers.polling import Agenda, intervals, weights

WEIGHTS = st.lists(st.floats(0, 10_000), min_size=1, max_size=40).map(np.array)
RATES = st.floats(0.01, 2)
PASSES = st.floats(600, 100_000)


@given(WEIGHTS, RATES, PASSES, st.floats(10, 600))
def test_the_rate_is_never_exceeded_and_no_item_asked_for_too_often(
    weight: np.ndarray, rate: float, pass_seconds: float, shortest: float
) -> None:
    found = intervals(weight, rate=rate, pass_seconds=pass_seconds, shortest=shortest)
    assert found.shape == weight.shape
    assert (1 / found).sum() <= rate * (1 + 1e-9)
    assert found.min() >= shortest * (1 - 1e-9)
    assert np.isinf(found[weight == 0]).all()


@given(WEIGHTS, RATES, PASSES)
def test_what_matters_more_is_asked_for_as_often_at_least(weight: np.ndarray, rate: float, pass_seconds: float) -> None:
    found = intervals(weight, rate=rate, pass_seconds=pass_seconds, shortest=60)
    order = np.argsort(weight)
    assert (1 / found[order][:-1] <= 1 / found[order][1:] + 1e-9).all()


@given(WEIGHTS, RATES, PASSES, st.randoms(use_true_random=False))
def test_no_other_plan_within_the_rate_is_better(
    weight: np.ndarray, rate: float, pass_seconds: float, random: Random
) -> None:
    shares = 1 / intervals(weight, rate=rate, pass_seconds=pass_seconds, shortest=60)

    def cost(rates: np.ndarray) -> float:
        return float((weight / (rates + 1 / pass_seconds)).sum())

    for _ in range(20):
        giver, taker = random.randrange(len(weight)), random.randrange(len(weight))
        moved = min(shares[giver], 1 / 60 - shares[taker]) * random.random()
        other = shares.copy()
        other[giver] -= moved
        other[taker] += moved
        assert cost(shares) <= cost(other) * (1 + 1e-6)


@settings(max_examples=60)
@given(WEIGHTS, st.floats(0.05, 1), st.floats(0, 5_000))
def test_every_planned_item_is_asked_for_within_two_intervals_and_a_slot(
    weight: np.ndarray, rate: float, spread: float
) -> None:
    planned = intervals(weight, rate=rate, pass_seconds=30_000, shortest=60)
    planned = planned[np.isfinite(planned) & (planned < 5_000)]
    agenda = Agenda(planned, np.linspace(-spread, 0, len(planned)))
    slot, now, last = 1 / rate, 0.0, np.zeros(len(planned))
    asked = []
    while now < 20_000:
        at = agenda.next(now)
        if at is None:
            now += max(agenda.wait(now), 1e-6)
            if not len(planned):
                break
            continue
        assert now - last[at] <= 2 * planned[at] + spread * bool(last[at] == 0) + slot + 1e-3
        last[at] = now
        agenda.was_read(at, now)
        asked.append(now)
        now += slot
    assert (20_000 - last <= 2 * planned + spread + slot).all()
    assert len(asked) <= 20_000 * rate + 1


def test_nothing_planned_is_never_due() -> None:
    agenda = Agenda(np.empty(0), np.empty(0))
    assert agenda.next(1e12) is None
    assert agenda.wait(0) == float("inf")


def test_what_people_hold_is_minutes_old_where_the_rest_waits_for_hours() -> None:
    """Thirty held items and the five hundred that trade most, at half of Steam's fifteen requests a minute."""
    holders = np.r_[np.ones(30), np.zeros(500)]
    places = np.r_[np.zeros(30), np.linspace(0, 1, 500)]
    weight = weights(holders, np.zeros(530), places, places)
    found = intervals(weight, rate=7.5 / 60, pass_seconds=8 * 3600, shortest=60)
    assert found[:30].max() < 10 * 60
    assert found[30:].min() > found[:30].max()


@pytest.mark.parametrize(("more", "less"), [((1, 0), (0, 9)), ((0, 1), (0, 0)), ((4, 0), (1, 0))])
def test_people_come_before_the_market(more: tuple[int, int], less: tuple[int, int]) -> None:
    holders, watchers = np.array([more, less], dtype=np.float64).T
    found = weights(holders, watchers, np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    assert found[0] > found[1]
