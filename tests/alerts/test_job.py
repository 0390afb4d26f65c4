"""The job: reads values of every kind, tells once across restarts, explains what it tells, and never of a rule that was changed."""

import math
from datetime import datetime, timedelta

import numpy as np
import pytest

from app.alerts.states import State
from db.alerts import evaluation, history, rules
from db.core.pool import Database
from jobs import alerts, retention
from tests.alerts.conftest import NOW, Market

MINUTE = timedelta(minutes=1)


def facts(database: Database) -> dict[str, object]:
    row = database.row("SELECT facts FROM alert_events ORDER BY id DESC LIMIT 1")
    assert row
    return dict(row["facts"])


def test_every_kind_is_compared_with_its_value(market: Market, database: Database) -> None:
    item = market.add_item("AK", 1_200)
    lost = market.add_item("Lost", 500, NOW - timedelta(days=3))
    never = market.add_item("Never", at=NOW - timedelta(hours=9))
    market.measure(item, "24h", 5.0)
    market.measure(item, "7d", -8.0)
    market.measure(item, "30d", 1.0, 0.02)
    folder = database.row("INSERT INTO portfolios (user_id, name) VALUES (%s, 'Main') RETURNING id", [market.user])
    assert folder
    database.execute(
        "INSERT INTO portfolio_state (portfolio_id, time, currency, price_source, value, growth, deposits, withdrawals)"
        " VALUES (%s, %s, 'USD', 'reference', 9900, 1, 0, 0)",
        [folder["id"], NOW],
    )
    fires = {
        market.rule(kind="price", item_id=item, threshold=1_200): 1_200,
        market.rule(kind="change", item_id=item, threshold=5): 5,
        market.rule(kind="change", item_id=item, window="7d", direction="below", threshold=-8): -8,
        market.rule(kind="sigma", item_id=item, threshold=2.4): math.log(1.05) / 0.02,
        market.rule(kind="stale", item_id=lost, threshold=70): 72,
        market.rule(kind="stale", item_id=never, threshold=8): 9,
        market.rule(kind="value", portfolio_id=folder["id"], direction="below", threshold=10_000): 9_900,
    }
    for silent in (
        {"kind": "price", "item_id": item, "threshold": 1_201},
        {"kind": "price", "item_id": lost, "direction": "below", "threshold": 600},  # of three days ago: no data
        {"kind": "change", "item_id": item, "window": "30d", "threshold": 2},
        {"kind": "sigma", "item_id": item, "threshold": 2.5},
        {"kind": "value", "portfolio_id": folder["id"], "threshold": 10_000},
    ):
        market.rule(**silent)
    assert alerts.run(database, NOW) == alerts.Evaluated(12, len(fires))
    values = {row["rule_id"]: row["facts"]["value"] for row in database.rows("SELECT rule_id, facts FROM alert_events")}
    assert values == pytest.approx(fires)


def test_a_restart_repeats_and_loses_nothing(market: Market, database: Database) -> None:
    item = market.add_item("AK", 1_000)
    rule = market.rule(kind="price", item_id=item, threshold=1_000, cooldown_seconds=0)
    for minute, price in enumerate([1_000, 990, 1_010, 990, 1_005, 979, 979, 1_000]):
        at = NOW + minute * MINUTE
        market.quote(item, price, at)
        alerts.run(database, at)
        alerts.run(database, at)  # a process that was killed after its commit begins again
    assert market.events() == [(rule, "fired"), (rule, "recovered"), (rule, "fired")]
    row = database.row("SELECT time, since FROM alert_events WHERE kind = 'recovered'")
    assert row
    assert row["time"] - row["since"] == 5 * MINUTE, "how long it lasted"


def test_what_fails_on_the_way_is_told_by_the_next_run(market: Market, database: Database) -> None:
    rule = market.rule(kind="price", item_id=market.add_item("AK", 1_000), threshold=900)
    database.execute("ALTER TABLE alert_events ADD CONSTRAINT never CHECK (user_id < 0)")
    with pytest.raises(Exception, match="never"):
        alerts.run(database, NOW)
    database.execute("ALTER TABLE alert_events DROP CONSTRAINT never")
    alerts.run(database, NOW + MINUTE)
    assert market.events() == [(rule, "fired")]


def test_two_that_evaluate_at_once_tell_once(market: Market, database: Database) -> None:
    rule = market.rule(kind="price", item_id=market.add_item("AK", 1_000), threshold=900)
    with database.connection() as other, other.transaction():
        other.execute("SELECT pg_advisory_xact_lock(hashtext('alerts'))")
        assert alerts.run(database, NOW) == alerts.Evaluated(0, 0)
    alerts.run(database, NOW)
    assert market.events() == [(rule, "fired")]


def test_a_rule_that_was_changed_meanwhile_tells_nothing(market: Market, database: Database) -> None:
    rule = market.rule(kind="price", item_id=market.add_item("AK", 1_000), threshold=900)
    with database.connection() as connection, connection.transaction():
        rows = evaluation.rules(connection, NOW, State.DONE)
    rules.change(database, market.user, rule, {"threshold": 2_000.0}, anew=True)
    moment = np.array([NOW.timestamp()])
    told = [evaluation.Told(rule, "fired", NOW.timestamp(), {})]
    with database.connection() as connection, connection.transaction():
        assert evaluation.store(connection, NOW, rows, np.array([State.FIRING]), [moment] * 3, told) == []
    assert alerts.run(database, NOW + MINUTE).events == 0
    assert market.events() == []


def test_an_event_explains_itself(market: Market, database: Database) -> None:
    item = market.add_item("AK", 1_200)
    market.measure(item, "24h", 5.0)
    folder = database.row("INSERT INTO portfolios (user_id, name) VALUES (%s, 'Main') RETURNING id", [market.user])
    assert folder
    database.execute("INSERT INTO portfolio_positions VALUES (%s, %s, 3, true)", [folder["id"], item])
    for day in range(1, 43):  # 41 moves: ten of them smaller than 5 %, the others of 20 %
        close = 1_000 if day % 2 else (1_010 if day <= 10 else 1_200)
        at = NOW.replace(hour=0) - timedelta(days=day)
        database.execute(
            "INSERT INTO price_24h (item_id, source, bucket, open, high, low, close, average, stddev, samples, open_time, close_time)"
            " VALUES (%(item)s, 'steam', %(at)s, 1, 1, 1, %(close)s, 1, 0, 1, %(at)s, %(at)s)",
            {"item": item, "at": at, "close": close},
        )
    market.rule(kind="change", item_id=item, threshold=4)
    alerts.run(database, NOW)
    found = facts(database)
    assert {name: found[name] for name in ("name", "currency", "price_scale", "source", "price", "change", "quantity", "moves")} == {
        "name": "AK", "currency": "USD", "price_scale": 100, "source": "steam", "price": 1_200, "change": 5.0, "quantity": 3, "moves": 41,
    }  # fmt: skip
    assert found["percentile"] == pytest.approx(100 * 10 / 41)
    assert (found["condition"], found["direction"], found["window"], found["threshold"]) == (
        "change",
        "above",
        "24h",
        4,
    )


def test_muted_and_snoozed_rules_are_kept_but_not_told(market: Market, database: Database) -> None:
    item = market.add_item("AK", 1_000)
    muted, snoozed, over = (market.rule(kind="price", item_id=item, threshold=900) for _ in range(3))
    rules.change(database, market.user, muted, {"muted": True}, anew=False)
    rules.change(database, market.user, snoozed, {"snoozed_until": NOW + MINUTE}, anew=False)
    rules.change(database, market.user, over, {"snoozed_until": NOW}, anew=False)
    assert alerts.run(database, NOW).events == 3
    assert {row["rule_id"]: row["muted"] for row in history.page(database, market.user, None, 9)} == {
        muted: True,
        snoozed: True,
        over: False,
    }
    assert history.unread(database, market.user) == 1


@pytest.mark.parametrize("off", [{"enabled": False}, {"until": NOW}])
def test_rules_that_are_off_are_not_evaluated(
    market: Market, database: Database, off: dict[str, bool | datetime]
) -> None:
    rule = market.rule(kind="price", item_id=market.add_item("AK", 1_000), threshold=900)
    rules.change(database, market.user, rule, off, anew=False)
    assert alerts.run(database, NOW) == alerts.Evaluated(0, 0)


def test_events_are_kept_for_half_a_year(market: Market, database: Database) -> None:
    market.rule(kind="price", item_id=market.add_item("AK", 1_000), threshold=900)
    alerts.run(database, NOW)
    retention.run(database, raw_days=0, demo_days=1)
    assert market.events() == [], "2024 is long ago"
