"""Several watchlists with notes and targets: private, bounded, and a browser's are taken over without a loss."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.api import watchlists as routes
from db.core.pool import Database
from db.items import items
from db.items.items import NewItem
from tests.accounts.support import AUTH, Visitor

LISTS = "/api/v1/watchlists"
NAMES = [f"Case {letter}" for letter in "ABCD"]


@pytest.fixture
def ids(database: Database, server: Flask) -> list[int]:
    del server  # migrates nothing, but opens the same database
    with database.connection() as connection:
        items.create(connection, [NewItem("steam:730", name, name, name.lower()) for name in NAMES])
    return [row["id"] for row in database.rows("SELECT id FROM items ORDER BY market_hash_name")]


@pytest.fixture
def ada(visitor: Visitor, ids: list[int]) -> Visitor:
    del ids
    visitor.through("google")
    return visitor


@pytest.fixture
def bob(server: Flask) -> Visitor:
    made = Visitor(server)
    made.through("github")
    return made


def lists(who: Visitor) -> dict[str, list[tuple[int, str, int | None]]]:
    """Entries by the name of their list."""
    reply = who.get(LISTS)
    assert reply.status_code == 200, reply.text
    return {
        one["name"]: [(entry["item_id"], entry["note"], entry["target_price"]) for entry in one["items"]]
        for one in reply.get_json()["watchlists"]
    }


def number(who: Visitor, name: str) -> int:
    return int(next(one["id"] for one in who.get(LISTS).get_json()["watchlists"] if one["name"] == name))


def test_the_star_means_the_first_list_and_others_are_beside_it(ada: Visitor, ids: list[int]) -> None:
    assert lists(ada) == {}
    assert ada.send("POST", LISTS, {"name": "Knives"}).status_code == 200
    assert lists(ada) == {"Watchlist": [], "Knives": []}
    ada.send("POST", f"/api/v1/marketwatch/{ids[0]}")
    knives = number(ada, "Knives")
    assert (
        ada.send("PUT", f"{LISTS}/{knives}/items/{ids[1]}", {"note": " cheap ", "target_price": 950}).status_code == 200
    )
    assert ada.send("PUT", f"{LISTS}/{knives}/items/{ids[0]}", {}).status_code == 200
    assert lists(ada) == {"Watchlist": [(ids[0], "", None)], "Knives": [(ids[1], "cheap", 950), (ids[0], "", None)]}
    assert ada.get("/api/v1/marketwatch").get_json()["symbols"] == [NAMES[0]]
    ada.send("DELETE", f"/api/v1/marketwatch/{ids[0]}")
    assert lists(ada)["Knives"] == [(ids[1], "cheap", 950), (ids[0], "", None)]
    assert ada.send("PUT", f"{LISTS}/{knives}/items/{ids[1]}", {"note": "dear"}).status_code == 200
    assert ada.send("DELETE", f"{LISTS}/{knives}/items/{ids[0]}").status_code == 200
    assert lists(ada)["Knives"] == [(ids[1], "dear", None)]
    assert ada.send("DELETE", f"{LISTS}/{knives}/items/{ids[0]}").status_code == 404


def test_names_are_told_apart_whatever_their_case(ada: Visitor) -> None:
    ada.send("POST", LISTS, {"name": "Knives"})
    assert ada.send("POST", LISTS, {"name": " knives "}).status_code == 409
    assert ada.send("POST", LISTS, {"name": "  "}).status_code == 400
    other = number(ada, "Watchlist")
    assert ada.send("PATCH", f"{LISTS}/{other}", {"name": "KNIVES"}).status_code == 409
    assert ada.send("PATCH", f"{LISTS}/{other}", {"name": "Cases"}).status_code == 200
    assert ada.send("DELETE", f"{LISTS}/{number(ada, 'Knives')}").status_code == 200
    assert list(lists(ada)) == ["Cases"]


def test_lists_are_private(ada: Visitor, bob: Visitor, visitor: Visitor, server: Flask, ids: list[int]) -> None:
    del visitor
    ada.send("POST", LISTS, {"name": "Knives"})
    knives = number(ada, "Knives")
    ada.send("PUT", f"{LISTS}/{knives}/items/{ids[0]}", {})
    for method, path, body in (
        ("PATCH", f"{LISTS}/{knives}", {"name": "mine"}),
        ("DELETE", f"{LISTS}/{knives}", None),
        ("PUT", f"{LISTS}/{knives}/items/{ids[1]}", {}),
        ("DELETE", f"{LISTS}/{knives}/items/{ids[0]}", None),
    ):
        assert bob.send(method, path, body).status_code == 404
        assert Visitor(server).send(method, path, body).status_code == 401
    assert lists(bob) == {}
    assert lists(ada) == {"Watchlist": [], "Knives": [(ids[0], "", None)]}


def test_lists_and_items_are_bounded(ada: Visitor, ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MOST_LISTS", 2)
    monkeypatch.setattr(routes, "MOST", 2)
    assert ada.send("POST", LISTS, {"name": "b"}).status_code == 200
    assert ada.send("POST", LISTS, {"name": "c"}).status_code == 409
    first, second = number(ada, "Watchlist"), number(ada, "b")
    for place, item, status in ((first, 0, 200), (second, 0, 200), (second, 1, 200), (first, 2, 409), (first, 1, 200)):
        assert ada.send("PUT", f"{LISTS}/{place}/items/{ids[item]}", {}).status_code == status
    assert ada.send("PUT", f"{LISTS}/{first}/items/2147483647", {}).status_code in {404, 409}
    over = {"watchlists": [{"name": "Watchlist", "items": [{"item_id": ids[3]}]}]}
    assert ada.send("POST", f"{LISTS}/merge", over).status_code == 409
    assert lists(ada)["Watchlist"] == [(ids[0], "", None), (ids[1], "", None)]


def test_what_a_browser_kept_is_added_and_nothing_is_lost(ada: Visitor, ids: list[int]) -> None:
    ada.send("POST", LISTS, {"name": "Knives"})
    first = number(ada, "Watchlist")
    ada.send("PUT", f"{LISTS}/{first}/items/{ids[0]}", {"note": "from home", "target_price": 1_250})
    ada.send("PUT", f"{LISTS}/{first}/items/{ids[1]}", {})
    kept = {
        "watchlists": [
            {
                "name": "watchlist",
                "items": [
                    {"item_id": ids[0], "note": "from work", "target_price": 990},
                    {"item_id": ids[1], "note": "soon", "target_price": 7},
                    {"item_id": ids[2]},
                    {"item_id": 2_000_000_000, "note": "gone"},
                ],
            },
            {"name": "Cases", "items": [{"item_id": ids[3], "note": "a\nb"}]},
        ]
    }
    expected = {
        "Watchlist": [(ids[0], "from home\nfrom work\nTarget: 9.9", 1_250), (ids[1], "soon", 7), (ids[2], "", None)],
        "Knives": [],
        "Cases": [(ids[3], "a\nb", None)],
    }
    for _ in range(2):  # a second tab does the same
        reply = ada.send("POST", f"{LISTS}/merge", kept)
        assert reply.status_code == 200, reply.text
        assert reply.get_json()["unknown"] == [2_000_000_000]
        assert lists(ada) == expected


@pytest.mark.parametrize(
    "body",
    [{}, {"note": "a\x00b"}, {"target_price": 0}, {"target_price": 1.5}, {"note": "x" * 4001}, {"more": 1}],
    ids=["empty", "nul", "zero", "half", "long", "more"],
)
def test_what_cannot_be_kept_is_refused(ada: Visitor, ids: list[int], body: dict[str, Any]) -> None:
    ada.send("POST", LISTS, {"name": "Knives"})
    reply = ada.send("PUT", f"{LISTS}/{number(ada, 'Knives')}/items/{ids[0]}", body)
    assert reply.status_code == (400 if body else 200)


def test_they_are_exported_and_go_with_the_account(ada: Visitor, database: Database, ids: list[int]) -> None:
    ada.send("POST", LISTS, {"name": "Knives"})
    ada.send("PUT", f"{LISTS}/{number(ada, 'Knives')}/items/{ids[0]}", {"note": "cheap"})
    held = ada.get(f"{AUTH}/export").get_json()
    assert [row["name"] for row in held["watchlists"]] == ["Watchlist", "Knives"]
    assert [row["note"] for row in held["user_watchlist"]] == ["cheap"]
    assert ada.send("DELETE", f"{AUTH}/account", {"confirm": "delete my account"}).status_code == 200
    assert database.rows("SELECT 1 FROM watchlists") == []


def screens(who: Visitor) -> list[tuple[str, dict[str, Any], list[str]]]:
    found = who.get("/api/v1/screens").get_json()["screens"]
    return [(one["name"], one["query"], one["columns"]) for one in found]


def test_screens_are_kept_under_names(ada: Visitor, bob: Visitor, server: Flask) -> None:
    keep: Callable[..., Any] = lambda who, **body: who.send("POST", "/api/v1/screens", body)  # noqa: E731
    query = {"q": "fn", "wear": "Factory New", "sort": "-price", "window": "7d", "price_min": 1.5, "start": None}
    del query["start"]
    assert keep(ada, name=" Cheap ", query=query, columns=["price", "turnover"]).status_code == 200
    assert screens(ada) == [("Cheap", query, ["price", "turnover"])]
    assert keep(ada, name="cheap", query={"sort": "-turnover"}).status_code == 200
    assert screens(ada) == [("cheap", {}, [])], "the same name replaces; what is the default is left out"
    for body in (
        {"name": "", "query": {}},
        {"name": "x", "query": {"sort": "nonsense"}},
        {"name": "x", "query": {"q": "\x00"}},
        {"name": "x", "query": {"start": 5}},
        {"name": "x", "query": {}, "columns": ["Price; --"]},
        {"name": "x"},
    ):
        assert keep(ada, **body).status_code == 400, body
    (mine,) = ada.get("/api/v1/screens").get_json()["screens"]
    assert screens(bob) == []
    assert bob.send("DELETE", f"/api/v1/screens/{mine['id']}").status_code == 404
    assert Visitor(server).get("/api/v1/screens").status_code == 401
    assert ada.send("DELETE", f"/api/v1/screens/{mine['id']}").status_code == 200
    assert screens(ada) == []
