"""A watchlist is private to its user: without repetitions, bounded, exported and deleted."""

from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from app.api import marketwatch
from db.core.pool import Database
from db.items import items
from db.items.items import NewItem
from tests.accounts.support import AUTH, JSON, Visitor

LIST = "/api/v1/marketwatch"
AK, KNIFE, PAIR, SLASH = "AK-47 | Redline (Field-Tested)", "★ Karambit | Doppler", "BTCUSDT", "Patch | A/B 50%?"
NAMES = [("steam:730", AK), ("steam:730", KNIFE), ("binance:spot", PAIR), ("binance:spot", AK), ("steam:730", SLASH)]


@pytest.fixture
def ids(database: Database, server: Flask) -> dict[tuple[str, str], int]:
    del server  # migrates nothing, but opens the same database
    with database.connection() as connection:
        items.create(connection, [NewItem(market, name, name, f"{market}-{name}") for market, name in NAMES])
    return {
        (row["market"], row["market_hash_name"]): row["id"]
        for row in database.rows("SELECT id, market, market_hash_name FROM items")
    }


@pytest.fixture
def ada(visitor: Visitor, ids: dict[tuple[str, str], int]) -> Visitor:
    del ids
    visitor.through("google")
    return visitor


@pytest.fixture
def bob(server: Flask) -> Visitor:
    made = Visitor(server)
    made.through("github")
    return made


def watch(who: Visitor, symbol: object, method: str = "POST", **options: Any) -> Any:
    return who.send(method, f"{LIST}/{quote(str(symbol), safe='')}", **options)


def symbols(who: Visitor) -> list[str]:
    reply = who.get(LIST)
    assert reply.status_code == 200
    found: list[str] = reply.get_json()["symbols"]
    return found


def test_items_are_added_and_taken_off_by_name_or_id(ada: Visitor, ids: dict[tuple[str, str], int]) -> None:
    assert symbols(ada) == []
    reply = watch(ada, KNIFE)
    assert reply.status_code == 200
    assert reply.get_json()["message"] == f"{KNIFE} is on your watchlist."
    for symbol in (PAIR, SLASH, ids["binance:spot", AK], KNIFE):
        assert watch(ada, symbol).status_code == 200
    assert symbols(ada) == [KNIFE, PAIR, SLASH, AK]
    found = ada.get(LIST).get_json()["items"][3]
    assert {name: found[name] for name in ("item_id", "market", "symbol", "price")} == {
        "item_id": ids["binance:spot", AK],
        "market": "binance:spot",
        "symbol": AK,
        "price": None,
    }
    assert watch(ada, SLASH, "DELETE").get_json()["symbols"] == [KNIFE, PAIR, AK]
    assert watch(ada, SLASH, "DELETE").status_code == 200
    assert watch(ada, ids["steam:730", KNIFE], "DELETE").get_json()["symbols"] == [PAIR, AK]


def test_a_name_of_two_markets_is_the_skin(ada: Visitor, ids: dict[tuple[str, str], int]) -> None:
    watch(ada, AK)
    assert ada.get(LIST).get_json()["items"][0]["item_id"] == ids["steam:730", AK]


@pytest.mark.parametrize("symbol", ["AK-47", "0", "-1", "2147483648", "9" * 40, "\u0660", "a" * 301, "%", "a\x00b"])
def test_what_is_no_item_is_not_watched(symbol: str, ada: Visitor) -> None:
    for method in ("POST", "DELETE"):
        assert watch(ada, symbol, method).status_code in {400, 404}
    assert symbols(ada) == []


def test_a_watchlist_is_private(ada: Visitor, bob: Visitor) -> None:
    watch(ada, AK)
    watch(ada, PAIR)
    assert symbols(bob) == []
    watch(bob, AK)
    assert watch(bob, AK, "DELETE").get_json()["symbols"] == []
    assert watch(bob, PAIR, "DELETE").status_code == 200
    assert symbols(ada) == [AK, PAIR]


def test_a_watchlist_is_bounded(ada: Visitor, bob: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marketwatch, "MOST", 2)
    assert [watch(ada, symbol).status_code for symbol in (AK, PAIR, KNIFE, AK)] == [200, 200, 409, 200]
    assert symbols(ada) == [AK, PAIR]
    assert watch(bob, KNIFE).status_code == 200


def test_visitors_have_no_watchlist(visitor: Visitor, ids: dict[tuple[str, str], int]) -> None:
    del ids
    assert visitor.get(LIST).status_code == 401
    assert watch(visitor, AK).status_code == 401
    assert watch(visitor, AK, "DELETE").status_code == 401


def test_a_key_that_may_only_read_changes_nothing(ada: Visitor, server: Flask) -> None:
    watch(ada, AK)
    made = {scope: ada.send("POST", f"{AUTH}/keys", {"name": scope, "scope": scope}) for scope in ("read", "full")}
    reader, writer = ({"Authorization": f"Bearer {made[scope].get_json()['key']}"} for scope in ("read", "full"))
    script = Visitor(server)
    assert script.get(LIST, headers=JSON | reader).get_json()["symbols"] == [AK]
    for method in ("POST", "DELETE"):
        assert watch(script, PAIR, method, headers=reader).status_code == 403
    assert watch(script, PAIR, headers=writer).get_json()["symbols"] == [AK, PAIR]


def test_it_is_exported_and_goes_with_the_account(ada: Visitor, bob: Visitor, database: Database) -> None:
    watch(ada, AK)
    watch(bob, PAIR)
    held = ada.get(f"{AUTH}/export").get_json()["user_watchlist"]
    assert [row["item_id"] for row in held] == [row["item_id"] for row in ada.get(LIST).get_json()["items"]]
    assert ada.send("DELETE", f"{AUTH}/account", {"confirm": "delete my account"}).status_code == 200
    assert len(database.rows("SELECT * FROM user_watchlist")) == 1
    assert symbols(bob) == [PAIR]
