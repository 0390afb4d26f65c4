"""Transactions changed, filtered, sorted, deleted together and put back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.portfolio.overview import read
from db.core.pool import Database, Row
from db.portfolio import deletions, portfolios, transactions
from db.portfolio.transactions import Transaction
from tests.portfolio.conftest import Caller
from tests.portfolio.shop import AK, CASE, Shop, add

PATH = "/portfolio/transactions"
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def day(number: int) -> datetime:
    return datetime(2026, 3, number, tzinfo=UTC)


def row(
    number: int, kind: str = "buy", name: str | None = CASE, quantity: int = 1, price: int = 100, **more: Any
) -> dict[str, Any]:
    return {"time": f"2026-03-{number:02}T00:00:00Z", "kind": kind, "market_hash_name": name, "quantity": quantity,
            "price": price, "currency": "USD", **more}  # fmt: skip


@pytest.fixture
def six(me: Caller) -> list[dict[str, Any]]:
    """Six transactions as they were listed, newest first."""
    news = [
        row(1, quantity=5, price=300),
        row(2, name=AK, quantity=2, price=1200, note="from a Friend"),
        row(3, "sell", quantity=1, price=350, fee=50),
        row(4, "fee", None, 0, 999, note="a month"),
        row(5, "drop", quantity=1, price=0),
        row(6, name=AK, quantity=1, price=5000, currency="JPY"),
    ]
    me.json("POST", PATH, 201, json={"transactions": news})
    found: list[dict[str, Any]] = me.json("GET", PATH)
    return found


def days(found: list[dict[str, Any]]) -> list[int]:
    return [int(one["time"][8:10]) for one in found]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", [6, 5, 4, 3, 2, 1]),
        ("kind=buy", [6, 2, 1]),
        ("search=glove case", [5, 3, 1]),
        ("search=FRIEND ak", [2]),
        ("search=100%25", []),
        ("since=2026-03-03T00:00:00Z&until=2026-03-05T00:00:00Z", [4, 3]),
        ("sort=time&offset=4", [5, 6]),
        ("sort=market_hash_name", [2, 6, 1, 3, 5, 4]),
        ("sort=-quantity&limit=2", [1, 2]),
        ("sort=total&kind=buy", [6, 1, 2]),
        ("sort=-total", [2, 1, 4, 3, 5, 6]),
        ("sort=-price&kind=sell", [3]),
        ("sort=kind&limit=3", [1, 2, 6]),
    ],
)
def test_filters_and_orders(me: Caller, six: list[dict[str, Any]], query: str, wanted: list[int]) -> None:
    assert len(six) == 6
    assert days(me.json("GET", f"{PATH}?{query}")) == wanted


def test_a_day_without_a_time_is_that_day_in_every_zone(me: Caller) -> None:
    news = [{**row(2), "timed": False}, {**row(2), "time": "2026-03-02T01:00:00Z"}]
    me.json("POST", PATH, 201, json={"transactions": news})
    west = "since=2026-03-02T00:00:00-08:00&until=2026-03-03T00:00:00-08:00"  # the timed one was on the first there
    assert [one["timed"] for one in me.json("GET", f"{PATH}?{west}")] == [False]
    assert len(me.json("GET", f"{PATH}?since=2026-03-02T00:00:00Z&until=2026-03-03T00:00:00Z")) == 2
    assert me.json("GET", f"{PATH}?since=2026-03-03T00:00:00%2B14:00") == []


def test_a_page_by_id_has_one_order(me: Caller, six: list[dict[str, Any]]) -> None:
    before = f"before={six[1]['id']}"
    assert days(me.json("GET", f"{PATH}?{before}&kind=buy")) == [2, 1]
    assert "use offset" in me.json("GET", f"{PATH}?{before}&sort=time", 400)["error"]


def test_one_is_changed(me: Caller, shop: Shop, six: list[dict[str, Any]]) -> None:
    item, first = shop.item(CASE), six[-1]
    changed = {**row(2, name="glove case", quantity=7, price=310, note="mended"), "timed": False}
    reply = me.json("PUT", f"{PATH}/{first['id']}", json=changed)
    assert (reply["id"], reply["item_id"], reply["market_hash_name"]) == (first["id"], item, CASE)
    assert (reply["quantity"], reply["price"], reply["note"], reply["timed"]) == (7, 310, "mended", False)
    assert reply in me.json("GET", PATH)
    refused = me.json("PUT", f"{PATH}/{first['id']}", 400, json=row(4, quantity=7))
    assert refused["error"] == "quantity: on 2026-03-03 1 of Glove Case would be given away, but only 0 held"
    late = me.json("PUT", f"{PATH}/{first['id']}", 400, json={**row(1), "time": "2199-01-01T00:00:00Z"})
    assert late["error"].startswith("time: 2199-01-01 00:00 UTC lies in the future")
    assert me.ask("PUT", f"{PATH}/{first['id'] + 1000}", json=row(1)).status_code == 404


def test_a_reference_belongs_to_one(me: Caller) -> None:
    me.json("POST", PATH, 201, json={"transactions": [row(1, external_id="a"), row(2, external_id="b")]})
    second, first = me.json("GET", PATH)
    refused = me.json("PUT", f"{PATH}/{second['id']}", 400, json=row(2, external_id="a"))
    assert refused["error"].startswith("external_id: another transaction")
    assert me.json("PUT", f"{PATH}/{first['id']}", json=row(3, external_id="a"))["external_id"] == "a"


def test_a_contradiction_is_mended_by_a_change(me: Caller, database: Database) -> None:
    mine = portfolios.default(database, me.person.id)
    add(
        database,
        mine,
        Transaction(day(1), "buy", CASE, 1, 100, 0, "USD"),
        Transaction(day(2), "sell", CASE, 3, 100, 0, "USD"),
    )
    sale, purchase = me.json("GET", PATH)
    me.json("PUT", f"{PATH}/{sale['id']}", json=row(2, "sell", quantity=2))  # still too many, and less wrong
    me.json("PUT", f"{PATH}/{purchase['id']}", json=row(1, quantity=2))
    assert me.json("GET", "/portfolio")["problem"] is None


def test_a_deletion_is_undone_exactly(me: Caller, database: Database, six: list[dict[str, Any]]) -> None:
    every = "SELECT * FROM portfolio_transactions ORDER BY id"
    before = database.rows(every)
    ids = [one["id"] for one in six[1:4]]
    gone = me.json("POST", f"{PATH}/delete", json={"ids": [*ids, 10**12]})
    assert gone["deleted"] == 3
    assert days(me.json("GET", PATH)) == [6, 2, 1]
    assert me.json("POST", f"{PATH}/delete", 404, json={"ids": ids})["error"].startswith("there are no such")
    undo = f"/portfolio/deletions/{gone['deletion_id']}/undo"
    assert me.json("POST", undo, json={}) == {"restored": 3, "known": 0}
    assert database.rows(every) == before
    assert me.ask("POST", undo, json={}).status_code == 404
    assert database.rows("SELECT * FROM portfolio_deleted_transactions") == []


def test_what_came_again_meanwhile_is_not_doubled(me: Caller) -> None:
    me.json("POST", PATH, 201, json={"transactions": [row(1, external_id="a"), row(2)]})
    ids = [one["id"] for one in me.json("GET", PATH)]
    gone = me.json("POST", f"{PATH}/delete", json={"ids": ids})
    me.json("POST", PATH, 201, json={"transactions": [row(1, external_id="a")]})
    assert me.json("POST", f"/portfolio/deletions/{gone['deletion_id']}/undo", json={}) == {"restored": 1, "known": 1}
    assert days(me.json("GET", PATH)) == [2, 1]


def test_a_deletion_is_kept_for_thirty_days(me: Caller, database: Database, six: list[dict[str, Any]]) -> None:
    old = me.json("POST", f"{PATH}/delete", json={"ids": [six[0]["id"]]})["deletion_id"]
    database.execute("UPDATE portfolio_deletions SET deleted_at = now() - interval '31 days'")
    new = me.json("POST", f"{PATH}/delete", json={"ids": [six[1]["id"]]})["deletion_id"]
    assert [one["id"] for one in database.rows("SELECT id FROM portfolio_deletions")] == [new]
    assert me.ask("POST", f"/portfolio/deletions/{old}/undo", json={}).status_code == 404


def test_the_past_is_as_if_nothing_had_happened(database: Database, mine: Row, shop: Shop) -> None:
    item = shop.item(AK)
    for number in range(1, 20):
        shop.closed(item, 1000 + number, day(number), "price_24h")
    shop.price(item, 1100, at=NOW)
    add(database, mine, *(Transaction(day(number), "buy", AK, 1, 900, 0, "USD") for number in (2, 5, 9)))

    def course() -> list[Row]:
        return read(database, portfolios.one(database, mine["user_id"], mine["id"]) or {}, {}, NOW)[1]

    before = course()
    second = transactions.every(database, mine["user_id"], mine["id"])[1]
    with database.connection() as connection:
        gone = deletions.delete(connection, mine["user_id"], mine["id"], [second["id"]])
    assert gone
    less = course()
    ends = [day(number) + timedelta(seconds=86_399) for number in (4, 5, 9)]
    assert [one["value"] for one in less if one["time"] in ends] == [1004, 1005, 2 * 1009]
    with database.connection() as connection:
        deletions.undo(connection, mine["user_id"], mine["id"], gone.id)
    assert course() == before
    assert database.rows("SELECT stale_from FROM portfolio_past_state") == [{"stale_from": None}]
