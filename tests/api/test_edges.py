"""The routes of edges."""

from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from app.runtime import Runtime
from tests.items.edge_market import SKINPORT, STEAM, fill


@pytest.fixture
def ids(runtime: Runtime) -> dict[str, int]:
    runtime.start()
    return fill(runtime.services.database, datetime.now(UTC))


def test_edges_are_filtered_ordered_and_paged(client: FlaskClient, ids: dict[str, int]) -> None:
    found = client.get("/api/v1/edges").get_json()
    assert found["market"] == "steam:730"
    assert found["total"] == len(found["edges"]) == 7
    first = found["edges"][0]
    assert (first["item_id"], first["buy"]["source"], first["sell"]["source"]) == (ids["Cheap"], STEAM, SKINPORT)
    assert first["buy"]["time"].endswith("Z")
    page = client.get("/api/v1/edges?start=1&limit=2").get_json()
    assert [edge["item_id"] for edge in page["edges"]] == [edge["item_id"] for edge in found["edges"][1:3]]
    assert page["total"] == 7
    query = "buy=steam&sell=skinport&min_spread=10&max_loss=50&max_age=3600&min_price=11&gated=true&sort=-profit"
    assert [edge["item_id"] for edge in client.get(f"/api/v1/edges?{query}").get_json()["edges"]] == [ids["In euros"]]
    assert client.get("/api/v1/edges?market=binance:spot").get_json()["edges"] == []


def test_one_items_edges(client: FlaskClient, ids: dict[str, int]) -> None:
    found = client.get(f"/api/v1/edges/{ids['Plain']}").get_json()
    assert len(found["edges"]) == 6
    assert found["fees"][SKINPORT]["words"] == "8 % of the price"
    young = client.get(f"/api/v1/edges/{ids['Plain']}?max_age=1").get_json()
    assert {tuple(edge["gates"]) for edge in young["edges"]} == {("stale_price",)}
    missing = client.get("/api/v1/edges/2147483647")
    assert (missing.status_code, missing.get_json()["error"]) == (404, "there is no item 2147483647")


@pytest.mark.parametrize(
    ("query", "named"),
    [("sort=beauty", "beauty"), ("min_spread=nan", "finite"), ("max_loss=101", "max_loss"), ("limit=501", "limit"), ("market=x", "market")],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_told_why(client: FlaskClient, query: str, named: str) -> None:
    reply = client.get(f"/api/v1/edges?{query}")
    assert reply.status_code == 400
    assert named in reply.get_json()["error"]
