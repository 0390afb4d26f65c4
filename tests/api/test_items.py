import re
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from tests.api.conftest import NAMES, Market

FIELDS = {
    "id", "market", "market_hash_name", "weapon_type", "skin_name", "wear", "rarity", "stattrak", "image_url", "currency", "price_scale",
    "price", "created_at",
}  # fmt: skip


def test_items_have_the_contracts_fields(client: FlaskClient, market: Market) -> None:
    reply = client.get("/api/v1/items?sort=-price")
    assert reply.status_code == 200
    assert [row["market_hash_name"] for row in reply.get_json()] == [NAMES[2], NAMES[1], NAMES[0]]
    first = reply.get_json()[-1]
    assert set(first) >= FIELDS
    assert (first["price"], first["source"], first["weapon_type"], first["wear"]) == (
        1000,
        "steam",
        "Rifle",
        "Field-Tested",
    )
    assert first["created_at"].endswith("Z")


@pytest.mark.parametrize("sort", ["name", "-name", "price", "-price", "created", "-created"])
def test_pages_follow_the_link_header_through_every_item_once(client: FlaskClient, market: Market, sort: str) -> None:
    seen: list[int] = []
    path: str | None = f"/api/v1/items?limit=1&sort={sort}"
    while path:
        reply = client.get(path)
        assert reply.status_code == 200, reply.get_json()
        seen += [row["id"] for row in reply.get_json()]
        link = re.fullmatch(r'<(.+)>; rel="next"', reply.headers.get("Link", ""))
        path = link[1] if link else None
        if path:
            assert urlsplit(path).path == "/api/v1/items"
    assert sorted(seen) == sorted(market.ids)
    whole = client.get(f"/api/v1/items?sort={sort}").get_json()
    assert seen == [row["id"] for row in whole]


@pytest.mark.parametrize(
    ("search", "found"),
    [("redline ak", [0]), ("KARAMBIT", [1]), ("case glove", [2]), ("100%", []), ("a_k", [0]), ("field-tested", [0])],
)
def test_search_takes_words_in_any_order_and_leaves_signs_out(
    client: FlaskClient, market: Market, search: str, found: list[int]
) -> None:
    reply = client.get("/api/v1/items", query_string={"search": search})
    assert [row["id"] for row in reply.get_json()] == [market.ids[at] for at in found]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("sort=cheap", "sort"), ("limit=0", "limit"), ("limit=x", "limit"), ("colour=red", "colour"), ("cursor=abc", "cursor"),
        ("cursor=WyJwcmljZSIsMSwxXQ==", "cursor"),
    ],
)  # fmt: skip
def test_unknown_values_are_a_400_that_names_them(client: FlaskClient, market: Market, query: str, named: str) -> None:
    reply = client.get(f"/api/v1/items?{query}")
    assert reply.status_code == 400
    assert set(reply.get_json()) == {"error"}
    assert named in reply.get_json()["error"]


def test_an_item_tells_every_source_and_its_reference_first(client: FlaskClient, market: Market) -> None:
    item = client.get(f"/api/v1/items/{market.ids[0]}").get_json()
    assert [(price["source"], price["price"]) for price in item["prices"]] == [("steam", 1000), ("skinport", 950)]
    assert item["price"] == 1000
    assert item["prices"][1]["volume"] is None


def test_an_unknown_item_is_a_404_in_the_contracts_form(client: FlaskClient, market: Market) -> None:
    for path in ("/api/v1/items/999999", "/api/v1/items/999999/history", "/api/v1/items/999999/volatility"):
        reply = client.get(path)
        assert (reply.status_code, set(reply.get_json())) == (404, {"error"}), path


def test_an_answer_is_not_sent_twice(client: FlaskClient, market: Market) -> None:
    path = f"/api/v1/items/{market.ids[0]}"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
