import pytest
from flask.testing import FlaskClient
from psycopg.types.json import Jsonb

from app.runtime import Runtime
from tests.api.conftest import Market

FIELDS = {
    "item_id", "window", "rolling_stddev", "percent_change", "bollinger", "coefficient_of_variation", "trend_score", "trend_r2",
    "sharpe", "max_drawdown", "samples", "computed_at",
}  # fmt: skip


def test_volatility_has_the_contracts_fields(client: FlaskClient, market: Market) -> None:
    found = client.get(f"/api/v1/items/{market.ids[0]}/volatility?window=24h").get_json()
    assert set(found) >= FIELDS
    assert [name for name in FIELDS if found[name] is None] == ["sharpe"], "24 closes are too few for it alone"
    assert set(found["bollinger"]) == {"upper", "middle", "lower"}
    assert (found["item_id"], found["window"], found["source"], found["samples"]) == (market.ids[0], "24h", "steam", 24)
    assert found["computed_at"].endswith("Z")
    assert found["bollinger"]["lower"] < found["bollinger"]["middle"] < found["bollinger"]["upper"]


def test_windows_differ_and_a_day_is_the_default(client: FlaskClient, market: Market) -> None:
    path = f"/api/v1/items/{market.ids[0]}/volatility"
    found = {window: client.get(f"{path}?window={window}").get_json() for window in ("1h", "24h", "7d", "30d")}
    assert {window: reply["window"] for window, reply in found.items()} == {window: window for window in found}
    assert (found["24h"]["samples"], found["7d"]["samples"], found["30d"]["samples"]) == (24, 48, 48)
    assert client.get(path).get_json() == found["24h"]


def test_too_few_closes_give_null_and_say_how_many(client: FlaskClient, market: Market) -> None:
    found = client.get(f"/api/v1/items/{market.ids[0]}/volatility?source=skinport").get_json()
    assert (found["source"], found["samples"], found["rolling_stddev"], found["sharpe"]) == ("skinport", 1, None, None)


def test_what_was_never_measured_is_no_error(client: FlaskClient, market: Market) -> None:
    reply = client.get(f"/api/v1/items/{market.ids[0]}/volatility?source=skinport&window=1h")
    assert reply.status_code == 200
    assert set(reply.get_json()) >= FIELDS


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("window=all", ("window", "'all'", "'1h', '24h', '7d' or '30d'")),
        ("window=", ("window", "''")),
        ("source=ebay", ("source", "'ebay'", "skinport, steam")),
        ("limit=1", ("limit", "'1'")),
    ],
)
def test_unknown_values_are_a_400_that_names_them(
    client: FlaskClient, market: Market, query: str, named: tuple[str, ...]
) -> None:
    reply = client.get(f"/api/v1/items/{market.ids[0]}/volatility?{query}")
    assert (reply.status_code, set(reply.get_json())) == (400, {"error"})
    for word in named:
        assert word in reply.get_json()["error"]


def test_an_unknown_item_is_a_404(client: FlaskClient, market: Market) -> None:
    for query in ("", "?source=steam"):
        reply = client.get(f"/api/v1/items/999999/volatility{query}")
        assert (reply.status_code, set(reply.get_json())) == (404, {"error"})
        assert "999999" in reply.get_json()["error"]


def test_an_answer_is_not_sent_twice(client: FlaskClient, market: Market) -> None:
    path = f"/api/v1/items/{market.ids[0]}/volatility"
    tag = client.get(path).headers["ETag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(f"{path}?window=7d", headers={"If-None-Match": tag}).status_code == 200


def test_outliers_are_listed_and_the_measures_given_with_them(
    client: FlaskClient, runtime: Runtime, market: Market
) -> None:
    path = f"/api/v1/items/{market.ids[0]}/volatility?window=24h"
    plain = client.get(path).get_json()
    assert (plain["outliers"], plain["unscreened"], plain["percent_change_reason"]) == ([], None, None)
    found = [{"time": "2024-05-08T09:00:00Z", "price": 45_000}]
    runtime.services.database.execute(
        "UPDATE item_metrics SET outliers = %s, unscreened = %s WHERE item_id = %s AND \"window\" = '24h' AND reference",
        [Jsonb(found), Jsonb({"max_drawdown": 0.97, "bollinger_upper": 9.5, "samples": 25}), market.ids[0]],
    )
    reply = client.get(f"{path}&source=steam").get_json()  # another address: an answer is kept for a second
    assert reply["outliers"] == found
    assert (reply["unscreened"]["max_drawdown"], reply["unscreened"]["bollinger"]["upper"]) == (0.97, 9.5)
    figures = set(reply) - {
        "item_id", "window", "source", "outliers", "unscreened", "percent_change_reason", "as_of", "computed_at",
    }  # fmt: skip
    assert set(reply["unscreened"]) == figures
    assert {name: reply[name] for name in figures} == {name: plain[name] for name in figures}


def test_an_unknown_change_says_why(client: FlaskClient, market: Market) -> None:
    found = client.get(f"/api/v1/items/{market.ids[0]}/volatility?source=skinport").get_json()
    assert found["percent_change"] is None
    assert found["percent_change_reason"] == "one close, and none in the 2 days before the window"
