"""The preview: values of every hour as the measures have them, and what the rule would have told on them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from app.alerts.preview import DAY, HOUR, MONTH, replay, values_of
from app.alerts.rule import Condition
from app.alerts.states import Event, NoData, Rules, fresh, step
from app.analytics import measure
from db.core.pool import Database
from tests.alerts.conftest import Caller, Market

NAN = float("nan")


def condition(**given: Any) -> Condition:
    return Condition.model_validate({"item_id": 1, "threshold": 100, **given})


def test_it_tells_when_it_would_have_fired() -> None:
    times = np.arange(0, 8 * HOUR, HOUR, dtype=np.float64)
    values = np.array([90.0, 101, 99, 97, 100, 97, 100, NAN])
    assert replay(condition(kind="price", cooldown_seconds=0), times, values).fired == [HOUR, 4 * HOUR, 6 * HOUR]
    found = replay(condition(kind="price", cooldown_seconds=0, once=True), times, values)
    assert (found.fired, found.hours) == ([HOUR, 4 * HOUR, 6 * HOUR], 7)
    assert replay(condition(kind="price", cooldown_seconds=5 * HOUR), times, values).fired == [HOUR, 6 * HOUR]
    assert replay(condition(kind="price"), np.empty(0), np.empty(0)).fired == []


def test_prices_and_ages_of_hours_without_a_quote() -> None:
    closes = np.array([NAN, 5.0, *[NAN] * 25, 7.0])
    price = values_of(condition(kind="price"), closes)
    np.testing.assert_equal(price, [NAN, *[5.0] * 24, NAN, NAN, 7.0])
    age = values_of(condition(kind="stale"), closes)
    np.testing.assert_equal(age, [NAN, *range(26), 0])


def test_changes_and_sigmas_are_those_of_the_measures() -> None:
    random = np.random.default_rng(5)
    closes = 1_000 * np.exp(np.cumsum(random.normal(0, 0.01, MONTH + 50)))
    closes[random.random(len(closes)) < 0.2] = NAN
    closes[-1], closes[-1 - DAY] = 1_234.0, 1_000.0
    for window, hours in (("24h", DAY), ("7d", 7 * DAY), ("30d", MONTH)):
        before = closes[: len(closes) - hours]
        base = before[~np.isnan(before)][-1:]
        expected = measure(closes[None, -hours:], bucket_seconds=HOUR, previous_close=base)
        found = values_of(condition(kind="change", window=window), closes)
        assert found[-1] == pytest.approx(expected.percent_change[0]), window
    sigma = measure(closes[None, -MONTH:], bucket_seconds=HOUR).return_volatility[0]
    moved = values_of(condition(kind="sigma"), closes)
    assert moved[-1] == pytest.approx(np.log(1.234) / sigma)
    assert np.isnan(moved[: MONTH - 1]).all()


def test_of_what_is_stored(ada: Caller, market: Market, database: Database) -> None:
    now = datetime.now(UTC)
    item = market.add_item("AK", 1_000, now)
    for hours, close in ((100, 1_500), (90, 1_000), (80, 1_500), (24 * 95, 1_500)):
        at = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)
        database.execute(
            "INSERT INTO price_1h (item_id, source, bucket, open, high, low, close, average, stddev, samples, open_time, close_time)"
            " VALUES (%(item)s, 'steam', %(at)s, 1, 1, 1, %(close)s, 1, 0, 1, %(at)s, %(at)s)",
            {"item": item, "at": at, "close": close},
        )
    asked = {"kind": "price", "item_id": item, "threshold": 1_400}
    found = ada.ask("POST", "/preview", body=asked, scope="read")
    assert (len(found["fired"]), found["hours"], found["days"]) == (2, 10 + 10 + 24, 90)
    assert ada.ask("GET", "")["alerts"] == []
    ada.ask("POST", "/preview", 404, asked | {"item_id": item + 1})


def test_of_a_portfolio(ada: Caller, bob: Caller, database: Database) -> None:
    folder = database.row("INSERT INTO portfolios (user_id, name) VALUES (%s, 'Main') RETURNING id", [ada.user])
    assert folder
    for days, value in ((3, 900), (2, 1_100), (1, 900)):
        database.execute(
            "INSERT INTO portfolio_snapshots (portfolio_id, time, currency, value, growth, deposits, withdrawals, priced, unpriced)"
            " VALUES (%s, %s, 'USD', %s, 1, 0, 0, 1, 0)",
            [folder["id"], datetime.now(UTC) - timedelta(days=days), value],
        )
    asked = {"kind": "value", "portfolio_id": folder["id"], "threshold": 1_000}
    found = ada.ask("POST", "/preview", body=asked)
    assert len(found["fired"]) == 1
    assert found["hours"] in {72, 73}, "the value is known between its snapshots too"
    bob.ask("POST", "/preview", 404, asked)


@pytest.mark.parametrize("no_data", ["keep", "ok", "alert"])
def test_passing_over_hours_without_a_change_tells_the_same(no_data: str) -> None:
    random = np.random.default_rng(7)
    values = np.where(random.random(600) < 0.1, NAN, 100 + np.cumsum(random.normal(0, 1, 600)))
    times = np.arange(0, 600 * HOUR, HOUR, dtype=np.float64)
    asked = condition(
        kind="price", threshold=102, clear=99, hold_seconds=HOUR, cooldown_seconds=2 * HOUR, no_data=no_data
    )
    rules = Rules(
        *(np.array([value]) for value in (1, 102.0, 99.0, float(HOUR), 2.0 * HOUR, False, NoData[no_data.upper()]))
    )
    states, fired = fresh(1, 0), []
    for now, value in zip(times.tolist(), values, strict=True):
        one = step(rules, states, np.array([value]), now)
        states = one.states
        if one.event[0] == Event.FIRED:
            fired.append(now)
    assert len(fired) > 1
    assert replay(asked, times, values).fired == fired
