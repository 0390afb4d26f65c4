import orjson
import pytest
from flask.testing import FlaskClient

from app.items.screener import table
from app.runtime import Runtime
from pages.items import DEFAULT_SORT
from tests.api.conftest import Market


def rows(client: FlaskClient, query: dict[str, str], sort: str) -> list[dict[str, object]]:
    reply = client.get("/api/v1/screener", query_string=query | {"sort": sort})
    assert reply.status_code == 200
    found: list[dict[str, object]] = reply.get_json()["rows"]
    return found


def test_the_grid_gets_the_screeners_rows(client: FlaskClient, runtime: Runtime, market: Market) -> None:
    found = rows(client, {}, DEFAULT_SORT)
    assert {row["id"] for row in found} == set(market.ids)
    query = table.Query(window="24h", sort=DEFAULT_SORT.removeprefix("-"))
    page = table.of(runtime.request_services.database).page(query, 0, 100)
    assert found == orjson.loads(orjson.dumps(page.rows))


@pytest.mark.parametrize("sort", ["-price", "price", "name", "-percent_change", "-volume", "-turnover", "wear"])
def test_rows_and_their_order_follow_a_price(client: FlaskClient, runtime: Runtime, market: Market, sort: str) -> None:
    database = runtime.request_services.database
    held = table.of(database)
    before = {row["id"]: row for row in rows(client, {}, sort)}
    database.execute("UPDATE price_latest SET price = 999999 WHERE item_id = %s AND source = 'steam'", [market.ids[0]])
    held.refresh()
    found = rows(client, {"limit": "99"}, sort)  # another question: answers are kept for a second
    fresh = table.Screener(database)
    query = table.Query(window="24h", sort=sort.removeprefix("-"), descending=sort.startswith("-"))
    assert found == orjson.loads(orjson.dumps(fresh.page(query, 0, 100).rows))
    after = {row["id"]: row for row in found}
    assert [item for item in market.ids if before[item] != after[item]] == [market.ids[0]]
    assert after[market.ids[0]]["price"] == 999999


def test_windows_do_not_get_each_others_rows(client: FlaskClient, market: Market) -> None:
    day, week = (rows(client, {"window": window}, "name") for window in ("24h", "7d"))
    assert {row["samples"] for row in day} == {24}
    assert {row["samples"] for row in week} == {48}


def test_total_counts_what_fits_and_start_and_limit_cut_it(client: FlaskClient, market: Market) -> None:
    whole = client.get("/api/v1/screener?sort=name").get_json()
    assert whole["total"] == len(market.ids) == len(whole["rows"])
    part = client.get("/api/v1/screener?sort=name&start=1&limit=1").get_json()
    assert part == {"total": whole["total"], "rows": whole["rows"][1:2]}
    assert client.get("/api/v1/screener?q=no+such+name").get_json() == {"total": 0, "rows": []}


@pytest.mark.parametrize(
    ("query", "named"),
    [("sort=beauty", "beauty"), ("kind=gold", "gold"), ("price_min=nan", "finite"), ("limit=501", "limit"), ("colour=red", "colour")],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_told_why(client: FlaskClient, query: str, named: str) -> None:
    reply = client.get(f"/api/v1/screener?{query}")
    assert reply.status_code == 400
    assert named in reply.get_json()["error"]


@pytest.mark.parametrize("ids", ["", "0", "-1", "1,,2", "1;2", "2147483648", ",".join(["1"] * 501)])
def test_rows_of_what_is_no_list_of_items_are_refused(client: FlaskClient, ids: str) -> None:
    assert client.get("/api/v1/screener/items", query_string={"ids": ids}).status_code == 400


def test_rows_of_chosen_items_come_in_their_order(client: FlaskClient, market: Market) -> None:
    wanted = list(reversed(market.ids))
    query = {"ids": ",".join(map(str, [*wanted, 2**31 - 1])), "window": "7d"}
    found = client.get("/api/v1/screener/items", query_string=query).get_json()["rows"]
    assert [row["id"] for row in found] == wanted
    assert found == sorted(rows(client, {"window": "7d"}, "name"), key=lambda row: wanted.index(int(str(row["id"]))))
