import orjson
import pytest
from flask.testing import FlaskClient

from app.runtime import Runtime
from db import screener
from pages.items import DEFAULT_SORT
from tests.api.conftest import Market
from tests.bench.bench_http import callback
from tests.security.conftest import token_of


def rows(client: FlaskClient, query: dict[str, str], sort: str) -> list[dict[str, object]]:
    ask = callback(query, sort, 0)
    reply = client.post(
        ask.path, data=ask.body, content_type="application/json", headers={"X-CSRFToken": token_of(client)}
    )
    assert reply.status_code == 200
    found: list[dict[str, object]] = reply.get_json()["response"]["items-grid"]["getRowsResponse"]["rowData"]
    return found


def test_the_grid_gets_the_screeners_rows(client: FlaskClient, runtime: Runtime, market: Market) -> None:
    found = rows(client, {}, DEFAULT_SORT)
    assert {row["id"] for row in found} == set(market.ids)
    query = screener.Query(window="24h", sort=DEFAULT_SORT.removeprefix("-"))
    page = screener.of(runtime.services.database).page(query, 0, 100)
    assert found == orjson.loads(orjson.dumps(page.rows))


@pytest.mark.parametrize("sort", ["-price", "price", "name", "-percent_change", "-volume", "-turnover", "wear"])
def test_rows_and_their_order_follow_a_price(client: FlaskClient, runtime: Runtime, market: Market, sort: str) -> None:
    database = runtime.services.database
    held = screener.of(database)
    before = {row["id"]: row for row in rows(client, {}, sort)}
    database.execute("UPDATE price_latest SET price = 999999 WHERE item_id = %s AND source = 'steam'", [market.ids[0]])
    held.refresh()
    found = rows(client, {}, sort)
    fresh = screener.Screener(database)
    query = screener.Query(window="24h", sort=sort.removeprefix("-"), descending=sort.startswith("-"))
    assert found == orjson.loads(orjson.dumps(fresh.page(query, 0, 100).rows))
    after = {row["id"]: row for row in found}
    assert [item for item in market.ids if before[item] != after[item]] == [market.ids[0]]
    assert after[market.ids[0]]["price"] == 999999


def test_windows_do_not_get_each_others_rows(client: FlaskClient, market: Market) -> None:
    day, week = (rows(client, {"window": window}, "name") for window in ("24h", "7d"))
    assert {row["samples"] for row in day} == {24}
    assert {row["samples"] for row in week} == {48}
