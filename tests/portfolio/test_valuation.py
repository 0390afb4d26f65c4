"""What the valuation job and the overview say of a small market with known prices."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.portfolio.overview import overview
from app.portfolio.risk import risk_report
from db.core.pool import Database, Row
from db.portfolio import currency_rates, portfolios, snapshots
from db.portfolio.transactions import Transaction
from jobs.valuation import Valuation
from tests.portfolio.conftest import Person
from tests.portfolio.shop import AK, CASE, FEES, KNIFE, NOW, Shop, add, own


def test_overview_by_hand(database: Database, shop: Shop, person: Person, mine: Row) -> None:
    ak, case = shop.item(AK), shop.item(CASE)
    shop.price(ak, 1150)
    shop.yesterday(ak, 1140, 1000)
    shop.price(case, 200, at=NOW - timedelta(days=3))
    own(database, person, (AK, 2), (CASE, 10), (KNIFE, 1))
    add(database, mine, Transaction(NOW - timedelta(days=9), "buy", AK, 3, 900, 30, "USD"),
        Transaction(NOW - timedelta(days=8), "sell", AK, 1, 1000, 130, "USD"),
        Transaction(NOW - timedelta(days=7), "buy", CASE, 4, 150, 0, "USD"))  # fmt: skip
    seen = overview(database, mine, FEES, NOW)
    first, second, third = seen.holdings
    # 2 AKs at 11.50; both recorded, at 910 cents each; sold on Steam each leaves 10.00.
    assert (first["market_hash_name"], first["quantity"], first["total_value"], first["change_24h"]) == (
        AK,
        2,
        2300,
        300,
    )
    assert (first["cost_basis"], first["unrealized_pnl"], first["net_if_sold"]) == (1820, 480, 2000)
    assert (first["price_source"], first["price_time"], first["stale"]) == ("steam", NOW, False)
    # 10 cases at 2.00, of which 4 are recorded at 1.50: the profit is that of the four.
    assert (second["quantity"], second["total_value"], second["cost_basis"], second["unrealized_pnl"]) == (
        10,
        2000,
        600,
        200,
    )
    assert (second["cost_quantity"], second["stale"], second["change_24h"]) == (4, True, None)
    assert (third["market_hash_name"], third["total_value"], third["current_price"], third["unrealized_pnl"]) == (
        KNIFE,
        None,
        None,
        None,
    )
    assert seen.totals["total_value"] == 4300
    assert (seen.totals["item_count"], seen.totals["unpriced"], seen.totals["stale"]) == (13, [KNIFE], 1)
    assert (seen.totals["change_24h"], seen.totals["percent_change_24h"], seen.totals["without_base"]) == (300, 15.0, 1)
    assert (seen.totals["cost_basis"], seen.totals["unrealized_pnl"], seen.totals["realized_pnl"]) == (2420, 680, -40)
    assert sum(lot["unrealized_pnl"] for lot in seen.lots) == 680


def test_unknown_is_not_zero(database: Database, person: Person, mine: Row) -> None:
    own(database, person, (KNIFE, 1))
    seen = overview(database, mine, FEES, NOW)
    for name in ("total_value", "change_24h", "unrealized_pnl", "realized_pnl", "net_if_sold"):
        assert seen.totals[name] is None, name
    assert seen.totals["item_count"] == 1


def test_recorded_units_that_steam_does_not_show_count(
    database: Database, shop: Shop, person: Person, mine: Row
) -> None:
    shop.price(shop.item(CASE), 200)
    own(database, person, (CASE, 3))
    add(database, mine, Transaction(NOW, "buy", CASE, 8, 100, 0, "USD"))
    row = overview(database, mine, FEES, NOW).holdings[0]
    assert (row["quantity"], row["steam_quantity"], row["recorded_quantity"]) == (8, 3, 8)


def test_sources_and_the_best_price(database: Database, shop: Shop, person: Person, mine: Row) -> None:
    ak = shop.item(AK)
    shop.price(ak, 1150)  # leaves 1000
    shop.price(ak, 1100, "skinport")  # leaves 1012
    own(database, person, (AK, 1))
    for source, price, net, quoted in (("reference", 1150, 1000, "steam"), ("best", 1100, 1012, "skinport"),
                                       ("skinport", 1100, 1012, "skinport"), ("buff163", None, None, None)):  # fmt: skip
        row = overview(database, {**mine, "price_source": source}, FEES, NOW).holdings[0]
        assert (row["total_value"], row["net_if_sold"], row["price_source"]) == (price, net, quoted), source


def test_currencies_each_at_its_own_day(database: Database, shop: Shop, person: Person, mine: Row) -> None:
    shop.price(shop.item(AK), 1000)
    own(database, person, (AK, 1))
    with database.connection() as connection:
        days = {NOW.date() - timedelta(days=10): 900_000, NOW.date() - timedelta(days=5): 950_000, NOW.date(): 800_000}
        currency_rates.store(connection, "test", {("EUR", day): rate for day, rate in days.items()})
    add(database, mine, Transaction(NOW - timedelta(days=9), "buy", AK, 1, 1000, 0, "USD"))
    seen = overview(database, {**mine, "currency": "EUR"}, FEES, NOW)
    assert (seen.totals["total_value"], seen.totals["cost_basis"], seen.totals["unrealized_pnl"]) == (800, 900, -100)
    # There is no rate for pounds: unknown, and said so.
    seen = overview(database, {**mine, "currency": "GBP"}, FEES, NOW)
    assert seen.totals["total_value"] is None
    assert seen.problem
    assert "GBP" in seen.problem


def test_a_contradiction_is_named_and_the_rest_stands(
    database: Database, shop: Shop, person: Person, mine: Row
) -> None:
    shop.price(shop.item(AK), 1000)
    own(database, person, (AK, 2))
    add(database, mine, Transaction(NOW, "sell", AK, 1, 900, 0, "USD"))
    seen = overview(database, mine, FEES, NOW)
    assert seen.problem
    assert "gives away 1 of AK-47" in seen.problem
    assert (seen.totals["total_value"], seen.totals["cost_basis"]) == (2000, None)


def test_flows_are_not_gains(database: Database, shop: Shop, person: Person, mine: Row) -> None:
    ak, case, knife = shop.item(AK), shop.item(CASE), shop.item(KNIFE)
    shop.price(ak, 1000)
    own(database, person, (AK, 1), (KNIFE, 1))
    valuation = Valuation(database, FEES)
    steps: list[tuple[int, float, int, int]] = []

    def value(hour: int) -> None:
        valuation.run(NOW + timedelta(hours=hour))
        row = snapshots.series(database, person.id, mine["id"])[-1]
        steps.append((row["value"], row["growth"], row["deposits"], row["withdrawals"]))

    value(0)
    shop.price(ak, 1100)
    value(1)  # +10 %
    shop.price(case, 50)
    own(database, person, (AK, 1), (KNIFE, 1), (CASE, 4))
    value(2)  # four cases came: 200 in
    shop.price(knife, 100_000)
    value(3)  # the knife has a price now: no gain
    shop.price(knife, 90_000)
    value(4)  # 101,300 to 91,300
    own(database, person, (KNIFE, 1), (CASE, 4))
    value(5)  # the AK is gone
    portfolios.change(database, person.id, mine["id"], price_source="skinport")
    shop.price(case, 40, "skinport")
    value(6)  # other terms: 160, no loss
    shop.price(case, 80, "skinport")
    value(7)  # doubled
    loss = 91_300 / 101_300
    assert steps == [
        (1000, 1.0, 1000, 0),
        (1100, pytest.approx(1.1), 1000, 0),
        (1300, pytest.approx(1.1), 1200, 0),
        (101_300, pytest.approx(1.1), 101_200, 0),
        (91_300, pytest.approx(1.1 * loss), 101_200, 0),
        (90_200, pytest.approx(1.1 * loss), 101_200, 1100),
        (160, pytest.approx(1.1 * loss), 101_200, 91_140),
        (320, pytest.approx(2.2 * loss), 101_200, 91_140),
    ]
    seen = overview(database, {**mine, "price_source": "skinport"}, FEES, NOW)
    assert seen.performance["time_weighted"] == pytest.approx(2.2 * loss - 1)
    # Value = deposits - withdrawals + gain, to the cent.
    assert seen.performance["gain"] == 320 - 1000 - (101_200 - 1000) + 91_140


def test_a_change_of_source_is_a_flow(database: Database, shop: Shop, person: Person, mine: Row) -> None:
    """An item's reference moves from one market to another, and back: neither market's price moved, so nothing is earned."""
    ak = shop.item(AK)
    shop.price(ak, 1000)
    shop.price(ak, 700, "skinport")
    own(database, person, (AK, 10))
    valuation = Valuation(database, FEES)
    for hour, (source, steam, skinport) in enumerate(
        [
            ("steam", 1000, 700),
            ("skinport", 1000, 700),
            ("skinport", 1000, 770),
            ("steam", 1100, 770),
            ("steam", 2200, 770),
        ]
    ):
        database.execute("UPDATE items SET reference_source = %s WHERE id = %s", [source, ak])
        shop.price(ak, steam)
        shop.price(ak, skinport, "skinport")
        valuation.run(NOW + timedelta(hours=hour))
    rows = snapshots.series(database, person.id, mine["id"])
    assert [(row["value"], row["deposits"], row["withdrawals"]) for row in rows] == [
        (10_000, 10_000, 0), (7000, 10_000, 3000), (7700, 10_000, 3000), (11_000, 13_300, 3000), (22_000, 13_300, 3000)
    ]  # fmt: skip
    assert [row["growth"] for row in rows] == pytest.approx([1, 1, 1.1, 1.1, 2.2])


def test_a_source_or_rate_that_is_gone_is_no_loss(database: Database, shop: Shop, person: Person, mine: Row) -> None:
    ak, case = shop.item(AK), shop.item(CASE)
    shop.price(ak, 1000)
    shop.price(case, 500)
    own(database, person, (AK, 1), (CASE, 1))
    valuation = Valuation(database, FEES)
    valuation.run(NOW)
    database.execute("DELETE FROM price_latest WHERE item_id = %s", [ak])
    valuation.run(NOW + timedelta(hours=1))
    shop.price(ak, 3000)
    valuation.run(NOW + timedelta(hours=2))
    shop.price(case, 1000)
    valuation.run(NOW + timedelta(hours=3))
    rows = snapshots.series(database, person.id, mine["id"])
    assert [row["value"] for row in rows] == [1500, 500, 3500, 4000]
    assert [row["growth"] for row in rows] == pytest.approx([1, 1, 1, 4000 / 3500])


def test_a_market_that_is_gone_whole_is_no_loss(database: Database, shop: Shop, person: Person, mine: Row) -> None:
    ak = shop.item(AK, "demo")
    shop.price(ak, 1000, "demo")
    own(database, person, (AK, 1))
    valuation = Valuation(database, FEES)
    valuation.run(NOW)
    shop.price(ak, 400)
    database.execute("UPDATE items SET reference_source = 'steam'")
    database.execute("DELETE FROM price_latest WHERE source = 'demo'")
    for hour in (1, 2):
        valuation.run(NOW + timedelta(hours=hour))
    rows = snapshots.series(database, person.id, mine["id"])
    assert [(row["value"], row["growth"], row["simulated"]) for row in rows] == [
        (1000, 1, True), (400, 1, False), (400, 1, False)
    ]  # fmt: skip


def test_a_transaction_counts_when_its_time_comes(database: Database, shop: Shop, person: Person, mine: Row) -> None:
    shop.price(shop.item(AK), 1000)
    add(database, mine, Transaction(NOW - timedelta(hours=1), "buy", AK, 1, 900, 0, "USD"),
        Transaction(NOW + timedelta(hours=2), "buy", AK, 4, 900, 0, "USD"))  # fmt: skip
    database.execute("UPDATE portfolios SET changed_at = %s", [NOW])
    valuation = Valuation(database, FEES)
    for hour in (1, 3):
        valuation.run(NOW + timedelta(hours=hour))
    rows = snapshots.series(database, person.id, mine["id"])
    assert [(row["value"], row["growth"], row["deposits"]) for row in rows] == [(1000, 1.0, 1000), (5000, 1.0, 5000)]


def test_amounts_beyond_64_bits(database: Database, shop: Shop, person: Person, mine: Row) -> None:
    shop.price(shop.item(AK), 2**62)
    shop.price(shop.item(CASE), 200)
    huge = Transaction(NOW - timedelta(hours=1), "buy", AK, 2**62, 2**62, 0, "USD")
    add(database, mine, huge, huge, huge, Transaction(NOW - timedelta(hours=1), "buy", CASE, 1, 100, 0, "USD"))
    seen = overview(database, mine, FEES, NOW)
    assert seen.totals["total_value"] == 3 * 2**124 + 200
    assert seen.totals["cost_basis"] == 3 * 2**124 + 100
    assert seen.totals["item_count"] == 3 * 2**62 + 1
    Valuation(database, FEES).run(NOW)
    row = snapshots.series(database, person.id, mine["id"])[-1]
    assert (row["value"], row["priced"], row["unpriced"]) == (200, 1, 1)


def test_the_change_of_a_day_is_of_one_source(database: Database, shop: Shop, person: Person, mine: Row) -> None:
    ak = shop.item(AK)
    shop.price(ak, 700, "skinport")
    shop.price(ak, 1000)
    shop.yesterday(ak, 1000, 800)
    own(database, person, (AK, 1))
    database.execute("UPDATE items SET reference_source = 'skinport'")
    seen = overview(database, mine, FEES, NOW)
    assert (seen.holdings[0]["current_price"], seen.holdings[0]["change_24h"]) == (700, None)
    assert (seen.totals["change_24h"], seen.totals["without_base"]) == (None, 1)


def test_thinning_keeps_what_lies_between(database: Database, shop: Shop, person: Person, mine: Row) -> None:
    ak = shop.item(AK)
    own(database, person, (AK, 1))
    valuation = Valuation(database, FEES)
    for minute in range(0, 240, 20):
        shop.price(ak, 1000 + minute)
        valuation.run(NOW + timedelta(minutes=minute))
    before = snapshots.series(database, person.id, mine["id"])
    assert snapshots.thin(database, NOW + timedelta(days=3)) == 8
    after = snapshots.series(database, person.id, mine["id"])
    assert after == before[2::3]
    assert snapshots.thin(database, NOW + timedelta(days=70)) == 3


def test_names_join_items_that_come_later(database: Database, shop: Shop, person: Person, mine: Row) -> None:
    own(database, person, (AK, 2))
    valuation = Valuation(database, FEES)
    valuation.run(NOW)
    shop.price(shop.item(AK), 500)
    valuation.run(NOW + timedelta(minutes=5))
    row = snapshots.series(database, person.id, mine["id"])[-1]
    assert (row["value"], row["priced"], row["unpriced"]) == (1000, 1, 0)


def test_volatility_is_that_of_the_covariance(database: Database, shop: Shop, person: Person, mine: Row) -> None:
    rng = np.random.default_rng(7)
    walks = np.round(1000 * np.exp(np.cumsum(rng.normal(0, 0.03, (2, 91)), axis=1))).astype(int)
    for name, walk in zip((AK, CASE), walks, strict=True):
        item = shop.item(name)
        for day, close in enumerate(walk.tolist()):
            shop.closed(item, close, datetime(2026, 3, 1, tzinfo=UTC) - timedelta(days=90 - day), "price_24h")
        shop.price(item, int(walk[-1]))
    own(database, person, (AK, 2), (CASE, 5))
    Valuation(database, FEES).run(NOW)
    worth = walks[:, -1] * np.array([2, 5])
    weights = worth / worth.sum()
    textbook = np.sqrt(weights @ np.cov(walks[:, 1:] / walks[:, :-1] - 1) @ weights)
    assert overview(database, mine, FEES, NOW).performance["volatility"] == pytest.approx(textbook, rel=1e-12)


def test_volatility_in_another_currency_is_that_of_its_rate_too(
    database: Database, shop: Shop, person: Person, mine: Row
) -> None:
    """A price that stands still in dollars moves with the euro."""
    item = shop.item(AK)
    rng = np.random.default_rng(3)
    rates = (900_000 + rng.integers(-30_000, 30_000, 91)).tolist()
    first = datetime(2026, 3, 1, tzinfo=UTC) - timedelta(days=90)
    for day in range(91):
        shop.closed(item, 1000, first + timedelta(days=day), "price_24h")
    shop.price(item, 1000)
    with database.connection() as connection:
        days = {("EUR", (first + timedelta(days=day)).date()): rate for day, rate in enumerate(rates)}
        currency_rates.store(connection, "test", days)
    own(database, person, (AK, 2))
    portfolios.change(database, person.id, mine["id"], currency="EUR")
    Valuation(database, FEES).run(NOW)
    levels = np.array(rates, dtype=float)
    textbook = (levels[1:] / levels[:-1] - 1).std(ddof=1)
    euros = {**mine, "currency": "EUR"}
    assert overview(database, euros, FEES, NOW).performance["volatility"] == pytest.approx(textbook, rel=1e-12)
    assert risk_report(database, euros, FEES, NOW)["volatility"] == pytest.approx(textbook, rel=1e-12)
