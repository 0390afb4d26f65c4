"""The analysis of an item over the API: of quotes and of candles, unknown as null."""

import math
import statistics
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from flask.testing import FlaskClient

from app.providers.base import Batch
from app.runtime import Runtime
from db.candles import store, symbols
from db.candles.columns import CandleColumns
from db.candles.symbols import PairRow
from jobs.ingest import Ingest, Report
from tests.api.conftest import NAMES, quote

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
DAYS = 120
GAP = 40
PRICES = np.rint(3_000 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.03, DAYS)))).astype(int).tolist()


@pytest.fixture
def item_id(runtime: Runtime) -> int:
    """An item with a price a day, the last of them today's, and one day without."""
    runtime.start()
    held = runtime.services
    quotes = [
        quote(NAMES[0], price, TODAY - timedelta(days=DAYS - 1 - day)) for day, price in enumerate(PRICES) if day != GAP
    ]
    Ingest(held.database, held.redis, heartbeat=timedelta(0)).store("steam", Batch(quotes), Report("steam", TODAY))
    row = held.database.row("SELECT id FROM items WHERE market_hash_name = %s", [NAMES[0]])
    assert row
    return int(row["id"])


def returns() -> list[float]:
    """Of days that are over, without those beside the gap."""
    return [math.log(PRICES[day] / PRICES[day - 1]) for day in range(1, DAYS - 1) if day not in {GAP, GAP + 1}]


def test_what_it_says(client: FlaskClient, item_id: int) -> None:
    found = client.get(f"/api/v1/items/{item_id}/analysis").get_json()
    assert (found["item_id"], found["source"], found["span"]) == (item_id, "steam", "1y")
    assert (found["closes"], found["days"], found["outliers"]) == (DAYS - 2, DAYS - 1, 0)
    first, last = TODAY - timedelta(days=DAYS - 1), TODAY - timedelta(days=1)
    assert (found["from"], found["to"]) == (f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"), "today is not over"
    known = returns()
    assert found["distribution"]["n"] == found["autocorrelation"]["n"] == len(known) == DAYS - 4
    assert found["distribution"]["mean"] == pytest.approx(statistics.fmean(known))
    assert found["distribution"]["stddev"] == pytest.approx(statistics.stdev(known))
    worst = sorted(known)[math.ceil(len(known) / 20) - 1]
    assert found["distribution"]["tails"][0]["value_at_risk"] == pytest.approx(1 - math.exp(worst))
    assert sum(found["weekdays"]["n"]) == len(known)
    assert len(found["underwater"]["depth"]) == DAYS - 1
    assert found["underwater"]["depth"][GAP] is None
    cone = {point["days"]: point for point in found["volatility_cone"]}
    assert cone[7]["newest"] == pytest.approx(statistics.stdev(known[-7:]) * math.sqrt(365))
    assert cone[30]["median"] is not None
    assert (cone[90]["median"], cone[180]["newest"]) == (None, None), "too short for these"


def test_spans(client: FlaskClient, item_id: int) -> None:
    days = {
        span: client.get(f"/api/v1/items/{item_id}/analysis?span={span}").get_json()["days"]
        for span in ("90d", "1y", "all")
    }
    assert days == {"90d": 90, "1y": DAYS - 1, "all": DAYS - 1}


def test_prices_a_day_say_nothing_of_hours(client: FlaskClient, item_id: int) -> None:
    found = client.get(f"/api/v1/items/{item_id}/analysis").get_json()["hours"]
    assert (sum(found["n"]), set(found["mean"]), set(found["error"])) == (0, {None}, {None})


def test_nothing_is_null_and_no_error(client: FlaskClient, runtime: Runtime, item_id: int) -> None:
    runtime.services.database.execute(
        "INSERT INTO price_latest (item_id, source, price, time, stored_time) VALUES (%s, 'skinport', 1, now(), now())",
        [item_id],
    )
    reply = client.get(f"/api/v1/items/{item_id}/analysis?source=skinport")
    found = reply.get_json()
    assert (reply.status_code, found["source"], found["closes"], found["volatility_cone"]) == (200, "skinport", 0, [])
    assert [found[part] for part in ("distribution", "underwater", "weekdays", "hours", "autocorrelation", "from")] == [
        None
    ] * 6


@pytest.mark.parametrize(
    ("query", "status", "word"), [("span=2y", 400, "span"), ("source=ebay", 400, "ebay"), ("window=1y", 400, "window")]
)
def test_what_is_not_there(client: FlaskClient, item_id: int, query: str, status: int, word: str) -> None:
    reply = client.get(f"/api/v1/items/{item_id}/analysis?{query}")
    assert reply.status_code == status
    assert word in reply.get_json()["error"]
    assert client.get("/api/v1/items/999999/analysis").status_code == 404


def test_pairs_have_hours(client: FlaskClient, runtime: Runtime) -> None:
    runtime.start()
    hours = 24 * 30
    begin = int((TODAY - timedelta(days=30)).timestamp())
    close = np.rint(90_000 * np.exp(np.cumsum(np.random.default_rng(6).normal(0, 0.01, hours)))).astype(np.int64)
    time = begin + 3_600 * np.arange(hours, dtype=np.int64)
    candles = CandleColumns(time, close, close + 1, close - 1, close, np.full(hours, 5), np.full(hours, 9))
    with runtime.services.database.connection() as connection, connection.transaction():
        item = symbols.save(
            connection, "binance:spot", "binance", [PairRow("AUSDT", "A", "USDT", 100, 1, "trading", None)]
        )["AUSDT"]
        store.store_item(connection, "binance", item, candles, interval="1h")
    with runtime.services.database.connection() as connection, connection.transaction():
        days = close.reshape(-1, 24)
        daily = CandleColumns(
            time[::24], days[:, 0], days.max(axis=1), days.min(axis=1), days[:, -1], np.full(30, 9), np.full(30, 9)
        )
        store.store_item(connection, "binance", item, daily, interval="1d")
    found = client.get(f"/api/v1/items/{item}/analysis?span=90d").get_json()
    assert (found["source"], found["closes"]) == ("binance", 30)
    known = np.diff(np.log(close.astype(np.float64)))
    assert sum(found["hours"]["n"]) >= hours - 1
    noon = [value for at, value in enumerate(known.tolist(), start=1) if at % 24 == 12]
    assert found["hours"]["n"][12] == 30
    assert found["hours"]["mean"][12] == pytest.approx(statistics.fmean(noon))
