import gzip
import time
from datetime import UTC, datetime, timedelta

import brotli  # type: ignore[import-untyped]  # it ships no types
import orjson
import pytest
from flask.testing import FlaskClient

from app.providers.base import Batch
from app.runtime import Runtime
from jobs.ingest import Ingest, Report
from tests.api.conftest import NAMES, Market, quote


def address(market: Market, query: str = "") -> str:
    return f"/api/v1/items/{market.ids[0]}/history{query}"


def test_history_is_oldest_first_and_of_one_source(client: FlaskClient, market: Market) -> None:
    week = client.get(address(market, "?window=7d")).get_json()
    assert len(week) == 48
    assert {tuple(point) for point in week} == {("time", "price", "volume", "source")}
    assert {point["source"] for point in week} == {"steam"}
    times = [datetime.fromisoformat(point["time"]) for point in week]
    assert times == sorted(times)
    assert times[-1] == market.now
    assert all(point["time"].endswith("Z") for point in week)
    assert week[-1] == {"time": week[-1]["time"], "price": 1000, "volume": 100, "source": "steam"}


def test_an_unknown_volume_is_null(client: FlaskClient, market: Market) -> None:
    points = client.get(address(market, "?source=skinport")).get_json()
    assert [(point["price"], point["volume"], point["source"]) for point in points] == [(950, None, "skinport")]


@pytest.mark.parametrize(("window", "least", "most"), [("1h", 1, 1), ("24h", 24, 24), ("30d", 48, 48), ("all", 48, 48)])
def test_a_window_ends_now(client: FlaskClient, market: Market, window: str, least: int, most: int) -> None:
    assert least <= len(client.get(address(market, f"?window={window}")).get_json()) <= most


def test_a_day_is_the_default(client: FlaskClient, market: Market) -> None:
    assert client.get(address(market)).data == client.get(address(market, "?window=24h")).data


def test_a_limit_keeps_the_newest(client: FlaskClient, market: Market) -> None:
    whole = client.get(address(market, "?window=7d")).get_json()
    assert client.get(address(market, "?window=7d&limit=3")).get_json() == whole[-3:]


def test_times_keep_their_fractions(client: FlaskClient, runtime: Runtime, market: Market) -> None:
    at = market.now.replace(microsecond=0) - timedelta(minutes=1) + timedelta(microseconds=120_034)
    batch = Batch([quote(NAMES[0], 1234, at, "csfloat")])
    ingest = Ingest(runtime.services.database, runtime.services.redis, heartbeat=timedelta(0))
    ingest.store("csfloat", batch, Report("csfloat", at))
    points = client.get(address(market, "?source=csfloat")).get_json()
    assert [datetime.fromisoformat(point["time"]) for point in points] == [at]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("window=8d", ("window", "'8d'", "'1h', '24h', '7d', '30d' or 'all'")),
        ("source=ebay", ("source", "'ebay'", "skinport, steam")),
        ("limit=0", ("limit", "'0'", "greater than or equal to 1")),
        ("limit=20001", ("limit", "'20001'", "less than or equal to 20000")),
        ("limit=x", ("limit", "'x'", "integer")),
        ("colour=red", ("colour", "'red'")),
    ],
)
def test_unknown_values_are_a_400_that_names_them(
    client: FlaskClient, market: Market, query: str, named: tuple[str, ...]
) -> None:
    reply = client.get(address(market, f"?{query}"))
    assert (reply.status_code, set(reply.get_json())) == (400, {"error"})
    for word in named:
        assert word in reply.get_json()["error"]


@pytest.mark.parametrize(
    ("item", "status"), [("999999", 404), ("0", 400), ("2147483648", 400), ("-1", 404), ("redline", 404)]
)
def test_items_that_there_are_not(client: FlaskClient, market: Market, item: str, status: int) -> None:
    reply = client.get(f"/api/v1/items/{item}/history")
    assert (reply.status_code, set(reply.get_json())) == (status, {"error"})


@pytest.mark.parametrize("accepted", ["", "br", "gzip", "gzip, deflate, br", "br;q=0, gzip;q=0.5", "identity", "zstd"])
def test_each_encoding_has_the_same_text_and_an_etag_of_its_own(
    client: FlaskClient, market: Market, accepted: str
) -> None:
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}
    plain = client.get(address(market, "?window=7d"))
    reply = client.get(address(market, "?window=7d"), headers={"Accept-Encoding": accepted})
    encoding = reply.headers.get("Content-Encoding")
    assert encoding == ("br" if "br" in accepted.replace("br;q=0", "") else "gzip" if "gzip" in accepted else None)
    assert unpack[encoding](reply.data) == plain.data
    assert int(reply.headers["Content-Length"]) == len(reply.data)
    assert "Accept-Encoding" in reply.headers["Vary"]
    assert (reply.headers["ETag"] == plain.headers["ETag"]) == (encoding is None)
    for tag in (
        reply.headers["ETag"],
        f"W/{reply.headers['ETag']}",
        plain.headers["ETag"],
        f'"other", {plain.headers["ETag"]}',
    ):
        headers = {"Accept-Encoding": accepted, "If-None-Match": tag}
        again = client.get(address(market, "?window=7d"), headers=headers)
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", reply.headers["ETag"])
    headers = {"Accept-Encoding": accepted, "If-None-Match": '"other"'}
    assert client.get(address(market, "?window=7d"), headers=headers).status_code == 200


def test_what_is_short_is_not_compressed(client: FlaskClient, market: Market) -> None:
    reply = client.get(address(market, "?limit=2"), headers={"Accept-Encoding": "br"})
    assert "Content-Encoding" not in reply.headers
    assert len(orjson.loads(reply.data)) == 2


def test_an_answer_is_at_most_a_second_old(client: FlaskClient, runtime: Runtime, market: Market) -> None:
    before = client.get(address(market))
    now = datetime.now(UTC)
    Ingest(runtime.services.database, runtime.services.redis, heartbeat=timedelta(0)).store(
        "steam", Batch([quote(NAMES[0], 4321, now)]), Report("steam", now)
    )
    time.sleep(1.05)
    after = client.get(address(market), headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.get_json()[-1]["price"] == 4321


def test_another_question_never_gets_a_kept_answer(client: FlaskClient, market: Market) -> None:
    queries = ("", "?window=7d", "?window=7d&limit=2", "?source=skinport", "?window=7d&limit=3")
    assert len({client.get(address(market, query)).data for query in queries}) == len(queries)
    other = client.get(f"/api/v1/items/{market.ids[1]}/history").get_json()
    assert other[-1]["price"] == 2000
