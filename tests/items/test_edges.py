"""Edges of a market made by hand: every figure, gate and filter."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from app.analytics.edges import chance_of_loss, worst_case
from app.items.edges.find import find, of_item
from app.items.edges.query import Query
from app.providers.markets import CS2
from app.providers.sources import DEFAULT_FEES
from db.core.pool import Database
from tests.items.edge_market import CSFLOAT, PRICES, SKINPORT, SPREADS, STEAM, VOLATILITY, fill

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
FEES = dict(DEFAULT_FEES)
Edge = dict[str, Any]


def asked(database: Database, query: Query | None = None, *, now: datetime = NOW) -> dict[str, Any]:
    return find(database, CS2, FEES, query or Query(), now, page=(0, 500))


def keyed(found: dict[str, Any]) -> dict[tuple[str, str, str], Edge]:
    return {(edge["market_hash_name"], edge["buy"]["source"], edge["sell"]["source"]): edge for edge in found["edges"]}


def test_every_pair_that_leaves_something_is_found_once(database: Database) -> None:
    fill(database, NOW)
    found = asked(database, Query(gated=True))
    edges = keyed(found)
    assert {key: (edge["buy"]["cost"], edge["sell"]["proceeds"]) for key, edge in edges.items()} == SPREADS
    assert found["total"] == len(found["edges"]) == len(SPREADS)
    assert (found["compared"], found["items"]) == (len(PRICES) - 1, len(PRICES))
    for edge in edges.values():
        cost, proceeds = edge["buy"]["cost"], edge["sell"]["proceeds"]
        assert edge["net_spread"] == pytest.approx(100 * (proceeds / cost - 1))
        assert edge["profit"] == proceeds - cost
        assert edge["days_locked"] == 7
    assert [edge["net_spread"] for edge in found["edges"]] == sorted((edge["net_spread"] for edge in found["edges"]), reverse=True)  # fmt: skip


def test_risk_comes_from_the_volatility_where_one_sells(database: Database) -> None:
    fill(database, NOW)
    edges = keyed(asked(database))
    plain = edges["Plain", STEAM, SKINPORT]
    spread, sigma = np.array([plain["net_spread"]]), np.array([VOLATILITY])
    assert plain["chance_of_loss"] == pytest.approx(chance_of_loss(spread, sigma, 7)[0])
    assert plain["worst_case"] == pytest.approx(worst_case(spread, sigma, 7)[0])
    about = {"per_day": VOLATILITY, "samples": 700, "window": "30d", "source": SKINPORT, "as_of": NOW}
    assert plain["volatility"] == about
    assert plain["gates"] == []
    for name in ("Unmeasured", "Few closes"):
        edge = edges[name, STEAM, SKINPORT]
        assert (edge["chance_of_loss"], edge["worst_case"], edge["volatility"]) == (None, None, None)
        assert edge["gates"] == ["volatility_unknown"]
    assert not [key for key in keyed(asked(database, Query(max_loss=100))) if key[0] in {"Unmeasured", "Few closes"}]


def test_gates_are_named_and_keep_out(database: Database) -> None:
    fill(database, NOW)
    found = asked(database)
    assert not {"Stale", "Single"} & {name for name, *_ in keyed(found)}
    assert found["left_out"] == {"stale_price": 1, "single_listing": 1, "off_median": 3}
    gated = keyed(asked(database, Query(gated=True)))
    assert gated["Stale", STEAM, SKINPORT]["gates"] == ["stale_price"]
    assert gated["Stale", STEAM, SKINPORT]["sell"]["age"] == 2 * 86_400
    assert gated["Single", STEAM, SKINPORT]["gates"] == ["single_listing"]
    assert ("Stale", STEAM, SKINPORT) in keyed(asked(database, Query(max_age=3 * 86_400)))


def test_a_spoofed_quote_leads_nothing(database: Database) -> None:
    ids = fill(database, NOW)
    for query in (Query(), Query(gated=True), Query(gated=True, sort="profit"), Query(sell=CSFLOAT)):
        assert not {"Spoofed", "Apart"} & {name for name, *_ in keyed(asked(database, query))}
    spoofed = of_item(database, ids["Spoofed"], FEES, NOW)
    assert spoofed is not None
    assert spoofed["left_out"] == [{"source": CSFLOAT, "price": 9000, "age": 60, "reason": "off_median"}]
    assert CSFLOAT not in {edge[side]["source"] for edge in spoofed["edges"] for side in ("buy", "sell")}
    apart = of_item(database, ids["Apart"], FEES, NOW)
    assert apart is not None
    assert [one["source"] for one in apart["left_out"]] == [CSFLOAT, STEAM]
    assert apart["edges"] == []


def test_two_currencies_are_compared_at_the_days_rate(database: Database) -> None:
    fill(database, NOW)
    euros = keyed(asked(database))["In euros", STEAM, SKINPORT]
    assert (euros["currency"], euros["buy"]["cost"]) == ("EUR", 2000)
    assert euros["converted"] == {
        "currency": "USD", "price_scale": 100, "cost": 2500, "proceeds": 2760, "rate": 1.25, "day": "2026-11-28", "source": "ecb",
    }  # fmt: skip
    # 20 euros are 25 dollars.
    dear = asked(database, Query(min_price=24.99))
    assert [edge["market_hash_name"] for edge in dear["edges"]] == ["In euros"]
    assert asked(database, Query(min_price=25.01))["total"] == 0
    by_profit = asked(database, Query(sort="profit"))["edges"]
    assert by_profit[0]["market_hash_name"] == "In euros"
    database.execute("DELETE FROM currency_rates")
    euros = keyed(asked(database))["In euros", STEAM, SKINPORT]
    assert (euros["converted"], euros["gates"]) == (None, ["rate_unknown"])
    assert asked(database, Query(min_price=0.01, buy=STEAM, sell=SKINPORT))["total"] == 4


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (Query(buy=CSFLOAT), ["Plain"]),
        (Query(sell=CSFLOAT), ["Plain"]),
        (Query(buy="nowhere"), []),
        (Query(min_spread=19), ["Cheap", "Unmeasured"]),
        (Query(max_loss=12), ["Cheap", "In euros", "Plain"]),
        (Query(min_price=11), ["In euros", "Plain"]),
        (Query(min_spread=5, sort="net_spread", descending=False), ["Few closes", "Plain", "Plain", "In euros", "Unmeasured", "Cheap"]),
    ],
)  # fmt: skip
def test_filters(database: Database, query: Query, names: list[str]) -> None:
    fill(database, NOW)
    found = [edge["market_hash_name"] for edge in asked(database, query)["edges"]]
    assert found == names if not query.descending else sorted(found) == names


def test_a_page_is_a_part_of_the_whole(database: Database) -> None:
    fill(database, NOW)
    whole = asked(database)
    part = find(database, CS2, FEES, Query(), NOW, page=(2, 4))
    assert part["edges"] == whole["edges"][2:4]
    assert part["total"] == whole["total"]


def test_one_item_shows_what_loses_too(database: Database) -> None:
    ids = fill(database, NOW)
    found = of_item(database, ids["Plain"], FEES, NOW)
    assert found is not None
    spreads = [edge["net_spread"] for edge in found["edges"]]
    assert len(spreads) == 6
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[-1] < 0
    assert found["fees"][SKINPORT]["seller"] == FEES[SKINPORT] / 100
    assert found["fees"][STEAM]["as_of"] == "2026-11-27"
    assert of_item(database, 2**31 - 1, FEES, NOW) is None


def test_where_no_fee_is_known_nothing_is_sold(database: Database) -> None:
    ids = fill(database, NOW)
    fees = {name: fee for name, fee in FEES.items() if name != SKINPORT}
    assert {key[2] for key in keyed(find(database, CS2, fees, Query(), NOW, page=(0, 500)))} == {CSFLOAT}
    found = of_item(database, ids["Plain"], fees, NOW)
    assert found is not None
    assert found["left_out"] == [{"source": SKINPORT, "reason": "fee_unknown"}]


def test_no_age_is_negative(database: Database) -> None:
    fill(database, NOW)
    for edge in asked(database, now=NOW - timedelta(days=1))["edges"]:
        assert min(edge["buy"]["age"], edge["sell"]["age"]) >= 0


def test_invented_prices_are_never_set_against_real_ones(database: Database) -> None:
    ids = fill(database, NOW)
    database.execute(
        "INSERT INTO price_latest (item_id, source, time, stored_time, price) VALUES (%s, 'demo', %s, %s, 10)",
        [ids["Plain"], NOW, NOW],
    )
    found = of_item(database, ids["Plain"], FEES, NOW)
    assert found is not None
    assert "demo" not in {edge[side]["source"] for edge in found["edges"] for side in ("buy", "sell")}
    assert "demo" not in {one["source"] for one in found["left_out"] if one["reason"] == "off_median"}


def test_nothing_is_there_without_quotes(database: Database) -> None:
    found = asked(database)
    assert (found["total"], found["items"], found["edges"]) == (0, 0, [])
