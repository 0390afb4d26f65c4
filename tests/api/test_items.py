import re
from datetime import datetime
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
    [("redline ak", [0]), ("KARAMBIT", [1]), ("case glove", [2]), ("100%", []), ("a_k", []), ("field-tested", [0])],
)
def test_search_takes_words_in_any_order_and_signs_as_themselves(
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


def test_history_is_oldest_first_and_of_one_source(client: FlaskClient, market: Market) -> None:
    path = f"/api/v1/items/{market.ids[0]}/history"
    week = client.get(f"{path}?window=7d").get_json()
    assert len(week) == 48
    assert {point["source"] for point in week} == {"steam"}
    times = [datetime.fromisoformat(point["time"]) for point in week]
    assert times == sorted(times)
    assert times[-1] == market.now
    assert week[-1] == {"time": week[-1]["time"], "price": 1000, "volume": 100, "source": "steam"}
    assert client.get(f"{path}?window=7d&limit=3").get_json() == week[-3:]
    other = client.get(f"{path}?source=skinport").get_json()
    assert [(point["price"], point["volume"]) for point in other] == [(950, None)]


def test_history_refuses_what_there_is_not(client: FlaskClient, market: Market) -> None:
    path = f"/api/v1/items/{market.ids[0]}/history"
    for query, named in (("window=8d", "24h"), ("source=ebay", "skinport, steam"), ("limit=-1", "limit")):
        reply = client.get(f"{path}?{query}")
        assert reply.status_code == 400
        assert named in reply.get_json()["error"]


def test_volatility_has_the_contracts_fields(client: FlaskClient, market: Market) -> None:
    found = client.get(f"/api/v1/items/{market.ids[0]}/volatility?window=24h").get_json()
    for field in (
        "rolling_stddev",
        "percent_change",
        "coefficient_of_variation",
        "trend_score",
        "trend_r2",
        "max_drawdown",
        "computed_at",
    ):
        assert found[field] is not None, field
    assert set(found["bollinger"]) == {"upper", "middle", "lower"}
    assert found["samples"] == 24
    assert found["sharpe"] is None, "24 closes are too few for it"
    other = client.get(f"/api/v1/items/{market.ids[0]}/volatility?source=skinport").get_json()
    assert (other["samples"], other["rolling_stddev"]) == (1, None)


def test_rankings_read_redis_and_survive_its_loss(client: FlaskClient, market: Market) -> None:
    for path in ("volatile", "percent_change", "trend_score", "coefficient_of_variation", "volume"):
        rows = client.get(f"/api/v1/rankings/{path}?window=24h").get_json()
        assert [row["rank"] for row in rows] == [1, 2, 3], path
        scores = [row["score"] for row in rows]
        assert scores == sorted(scores, reverse=True)
        assert {row["item_id"] for row in rows} == set(market.ids)
    lowest = client.get("/api/v1/rankings/volatile?order=asc&limit=1&metric=rolling_stddev").get_json()
    assert len(lowest) == 1
    assert lowest[0]["score"] == pytest.approx(lowest[0]["rolling_stddev"])
    assert client.get("/api/v1/rankings/volatile?market=binance:spot").get_json() == []
    assert client.get("/api/v1/rankings/nonsense").status_code == 404


def test_what_is_not_there_is_a_json_404(client: FlaskClient) -> None:
    reply = client.get("/api/v1/nothing")
    assert (reply.status_code, set(reply.get_json())) == (404, {"error"})


def test_health_tells_each_part(client: FlaskClient, market: Market) -> None:
    assert client.get("/api/v1/health").get_json() == {"status": "ok"}
    assert client.get("/healthz").get_json() == {"status": "ok"}
    assert client.get("/version").get_json()["version"]
    ready = client.get("/readyz")
    assert ready.status_code == 503, "nothing was collected by a provider yet"
    assert {name: part["ok"] for name, part in ready.get_json()["checks"].items()} == {
        "database": True, "redis": True, "migrations": True, "ingestion": False,
    }  # fmt: skip
    assert b'tracera_up{part="database"} 1.0' in client.get("/api/v1/metrics").data


def test_openapi_describes_the_resources(client: FlaskClient) -> None:
    described = client.get("/openapi.json").get_json()
    assert {"/api/v1/items", "/api/v1/items/{item_id}/history", "/api/v1/rankings/volatile"} <= set(described["paths"])
