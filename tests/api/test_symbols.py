"""Symbols and candles as JSON, on minutes that the test stored."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import orjson
import pytest
from flask.testing import FlaskClient

from app.candles.series import RUNNING
from app.runtime import Runtime
from db.candles import listed, store, symbols
from db.candles.columns import CandleColumns
from db.candles.symbols import PairRow

MONDAY = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
MINUTES = 3_000


@dataclass(frozen=True, slots=True)
class Market:
    """A pair with minutes and a ticker, and another with nothing."""

    item_id: int
    candles: CandleColumns


@pytest.fixture
def market(runtime: Runtime) -> Market:
    runtime.start()
    close = 5_000_000 + np.cumsum(np.tile([700, -300, 100, -450], MINUTES // 4))
    opens = np.concatenate([[5_000_000], close[:-1]])
    time = MONDAY + 60 * np.arange(MINUTES)
    volume, trades = np.arange(MINUTES) + 1, np.ones(MINUTES, dtype=np.int64)
    made = CandleColumns(time, opens, np.maximum(opens, close) + 5, np.minimum(opens, close) - 5, close, volume, trades)
    pairs = [
        PairRow("BTCUSDT", "BTC", "USDT", 100, 100_000, "trading", 500),
        PairRow("OLDUSDT", "OLD", "USDT", 10_000, 10, "delisted", None),
    ]
    with runtime.services.database.connection() as connection:
        store.make_partitions(connection, made)
        with connection.transaction():
            ids = symbols.save(connection, "binance:spot", "demo", pairs)
            items = np.full(MINUTES, ids["BTCUSDT"])
            store.store(connection, "demo", items, made)
            end = MONDAY + 60 * MINUTES
            store.roll_up(connection, "demo", items, MONDAY, end, end)
            ticker = (ids["BTCUSDT"], end, int(close[-1]), -1, 5_000_100, 4_900_000, 5_100_000, 4_800_000, 123_456)
            symbols.save_tickers(connection, "demo", [ticker])
    return Market(ids["BTCUSDT"], made)


def test_symbols_are_listed_with_their_scales(client: FlaskClient, market: Market) -> None:
    found = {row["symbol"]: row for row in client.get("/api/v1/symbols").get_json()}
    assert set(found) == {"BTCUSDT", "OLDUSDT"}
    assert found["BTCUSDT"] == {
        "symbol": "BTCUSDT", "name": "BTC / USDT", "market": "binance:spot", "base_currency": "BTC", "quote_currency": "USDT",
        "price_scale": 100, "volume_scale": 100_000, "min_notional": 500, "is_active": True, "status": "trading", "source": "demo",
        "item_id": market.item_id,
    }  # fmt: skip
    assert (found["OLDUSDT"]["is_active"], found["OLDUSDT"]["min_notional"]) == (False, None)
    assert client.get("/api/v1/symbols?market=steam:730").get_json() == []


def test_intervals_that_hold_candles(client: FlaskClient, market: Market) -> None:
    answer = client.get("/api/v1/intervals?symbol=btcusdt").get_json()
    assert answer == {"symbol": "BTCUSDT", "intervals": ["1m", "5m", "15m", "1h", "4h", "1d", "1w"]}
    assert client.get("/api/v1/intervals?symbol=OLDUSDT").get_json()["intervals"] == []


def test_candles_come_back_exactly(client: FlaskClient, market: Market) -> None:
    answer = client.get("/api/v1/candles?symbol=BTCUSDT&interval=1m&limit=5000").get_json()
    expected = [[time * 1000, *prices, volume] for time, *prices, volume, _ in market.candles.rows()]
    assert answer["data"] == expected
    assert (answer["interval"], answer["price_scale"], answer["volume_scale"], answer["finished"]) == (
        "1m",
        100,
        100_000,
        True,
    )
    first = market.candles.take(np.arange(5))
    five = client.get(f"/api/v1/candles?symbol=BTCUSDT&interval=5m&to={(MONDAY + 300) * 1000}").get_json()["data"]
    opened, closed = int(first.open[0]), int(first.close[-1])
    assert five == [[MONDAY * 1000, opened, int(first.high.max()), int(first.low.min()), closed, 15]]


def test_the_running_minute_joins_every_interval(client: FlaskClient, market: Market, runtime: Runtime) -> None:
    at = MONDAY + 60 * MINUTES
    row = [at, 5_500_000, 5_500_010, 5_400_000, 5_400_001, 9, None]
    runtime.services.redis.set(RUNNING.format(market.item_id), orjson.dumps(row))
    for interval in ("1m", "15m", "1w"):
        answer = client.get(f"/api/v1/candles?symbol=BTCUSDT&interval={interval}&limit=1").get_json()
        assert answer["data"][-1][4] == 5_400_001, interval
        assert answer["finished"] is False
    week = client.get("/api/v1/candles?symbol=BTCUSDT&interval=1w").get_json()["data"]
    assert [row[0] for row in week] == [MONDAY * 1000]
    assert week[0][5] == MINUTES * (MINUTES + 1) // 2 + 9


def test_a_span_is_half_open_and_in_milliseconds(client: FlaskClient, market: Market) -> None:
    since, until = (MONDAY + 600) * 1000, (MONDAY + 900) * 1000
    found = client.get(f"/api/v1/candles?symbol=BTCUSDT&interval=1m&from={since}&to={until}").get_json()["data"]
    assert [row[0] for row in found] == list(range(since, until, 60_000))
    later = client.get(f"/api/v1/candles?symbol=BTCUSDT&interval=1m&from={since + 1}&to={until}").get_json()["data"]
    assert later == found[1:]
    assert client.get(f"/api/v1/candles?symbol=BTCUSDT&interval=1m&to={MONDAY * 1000}").get_json()["data"] == []


def test_price_and_bars(client: FlaskClient, market: Market) -> None:
    price = client.get("/api/v1/symbols/BTCUSDT/price").get_json()
    assert (price["price"], price["bid"], price["ask"], price["volume"]) == (
        market.candles.close[-1],
        None,
        5_000_100,
        123_456,
    )
    assert price["timestamp"] == "2026-03-04T02:00:00Z"
    bars = client.get(f"/api/v1/symbols/btcusdt/bars?resolution=60&from={MONDAY}&to={MONDAY + 3_600}").get_json()[
        "bars"
    ]
    first = market.candles.take(np.arange(60))
    expected = {
        "time": MONDAY * 1000,
        "open": 50_000.0,
        "high": int(first.high.max()) / 100,
        "low": int(first.low.min()) / 100,
    }
    assert bars == [expected | {"close": int(first.close[-1]) / 100, "volume": 1_830 / 100_000}]


@pytest.mark.parametrize(
    ("address", "status", "reason"),
    [
        ("candles?symbol=NOPE", 404, "no symbol 'NOPE'"),
        ("candles", 400, "symbol"),
        ("candles?symbol=BTCUSDT&interval=2m", 400, "interval"),
        ("candles?symbol=BTCUSDT&limit=5001", 400, "limit"),
        ("candles?symbol=BTCUSDT&from=x", 400, "from"),
        ("candles?symbol=BTCUSDT&since=1", 400, "since"),
        ("symbols/OLDUSDT/price", 404, "no price yet"),
        ("symbols/BTCUSDT/bars?resolution=7", 400, "resolution"),
    ],
)
def test_what_is_wrong_is_named(client: FlaskClient, market: Market, address: str, status: int, reason: str) -> None:
    answer = client.get(f"/api/v1/{address}")
    assert answer.status_code == status
    assert reason in answer.get_json()["error"]


def test_pairs_are_no_part_of_the_screener_or_rankings(client: FlaskClient, market: Market) -> None:
    assert client.get("/api/v1/screener").get_json()["total"] == 0
    assert client.get("/api/v1/rankings/volatile").get_json() == []
    assert [row["market_hash_name"] for row in client.get("/api/v1/items?market=binance:spot").get_json()] == [
        "BTCUSDT",
        "OLDUSDT",
    ]


def test_levels_and_the_enigma_level(client: FlaskClient, market: Market) -> None:
    found = client.get("/api/v1/symbols/BTCUSDT/enigma").get_json()
    high, low, last = (
        int(value) for value in (market.candles.high.max(), market.candles.low.min(), market.candles.close[-1])
    )
    assert (found["ath"], found["atl"], found["current_price"]) == (high, low, last)
    assert found["level"] == pytest.approx(100 * (last - low) / (high - low))
    assert (found["fib_levels"]["0"], found["fib_levels"]["100"]) == (low, high)
    day = client.get("/api/v1/symbols/BTCUSDT/levels?period=day").get_json()
    assert (day["period"], day["high"], day["position"]) == ("day", None, None)
    assert set(day["previous"]) == {"start", "high", "low", "open", "mid", "position"}
    assert client.get("/api/v1/symbols/OLDUSDT/enigma").status_code == 404


def test_indicators_are_aligned_with_the_candles(client: FlaskClient, market: Market) -> None:
    found = client.get("/api/v1/symbols/BTCUSDT/indicators?name=sma,rsi,bollinger&interval=1m&limit=100").get_json()
    candles = client.get("/api/v1/candles?symbol=BTCUSDT&interval=1m&limit=100").get_json()["data"]
    assert found["time"] == [row[0] for row in candles]
    sma = found["indicators"]["sma"]["sma"]
    assert sma[-1] == pytest.approx(market.candles.close[-20:].mean() / 100)
    assert None not in sma
    assert set(found["indicators"]) == {"sma", "rsi", "bollinger"}
    first = client.get(
        f"/api/v1/symbols/BTCUSDT/indicators?name=sma&interval=1m&to={(MONDAY + 1200) * 1000}"
    ).get_json()
    values = first["indicators"]["sma"]["sma"]
    assert values[:19] == [None] * 19
    assert values[19] == pytest.approx(market.candles.close[:20].mean() / 100)
    wrong = client.get("/api/v1/symbols/BTCUSDT/indicators?name=nope")
    assert wrong.status_code == 400
    assert "nope" in wrong.get_json()["error"]


def test_a_listed_pair_is_found_and_opened(client: FlaskClient, runtime: Runtime, market: Market) -> None:
    pairs = [
        PairRow("BTCUSDT", "BTC", "USDT", 100, 100_000, "trading", 500),
        PairRow("SOLUSDT", "SOL", "USDT", 1_000, 1_000, "trading", 5_000),
        PairRow("SOLBTC", "SOL", "BTC", 10**7, 100, "halted", None),
    ]
    with runtime.services.database.connection() as connection, connection.transaction():
        listed.save(connection, "binance:spot", "binance", pairs)
    found = client.get("/api/v1/symbols?listed=true&search=sol").get_json()
    assert [(row["symbol"], row["item_id"], row["is_active"]) for row in found] == [
        ("SOLUSDT", None, True),
        ("SOLBTC", None, False),
    ]
    assert client.get("/api/v1/symbols?search=sol").get_json() == []
    assert client.post("/api/v1/symbols/SOLUSDT").status_code == 400, "a token is needed"
    token = {"X-CSRF-Token": client.get("/api/v1/auth/csrf").get_json()["token"]}
    opened = client.post("/api/v1/symbols/solusdt", headers=token)
    assert (opened.status_code, opened.get_json()["symbol"], opened.get_json()["price_scale"]) == (
        200,
        "SOLUSDT",
        1_000,
    )
    assert client.post("/api/v1/symbols/SOLUSDT", headers=token).get_json() == opened.get_json()
    assert client.post("/api/v1/symbols/NOBODY", headers=token).status_code == 404
    assert opened.get_json()["item_id"] == symbols.find(runtime.services.database, "SOLUSDT").item_id  # type: ignore[union-attr]


def test_indicators_take_parameters_and_a_range_has_its_lead(client: FlaskClient, market: Market) -> None:
    close = market.candles.close / 100
    address = "/api/v1/symbols/BTCUSDT/indicators?interval=1m&limit=5000"
    found = client.get(f"{address}&name=sma:5,sma:50,bollinger:20:1.5").get_json()["indicators"]
    assert set(found) == {"sma:5", "sma:50", "bollinger:20:1.5"}
    assert found["sma:5"]["sma"][-1] == pytest.approx(close[-5:].mean())
    assert found["sma:50"]["sma"][-1] == pytest.approx(close[-50:].mean())
    assert found["bollinger:20:1.5"]["upper"][-1] == pytest.approx(close[-20:].mean() + 1.5 * close[-20:].std())
    first, end = int(market.candles.open_time[100]), int(market.candles.open_time[110])
    part = client.get(f"{address}&name=sma:50&from={first * 1000}&to={end * 1000}").get_json()
    assert part["time"] == [1000 * (first + 60 * minute) for minute in range(10)]
    assert part["indicators"]["sma:50"]["sma"][0] == pytest.approx(close[51:101].mean()), "what lies before is read too"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sma:1", "period must be a whole number from 2 to 500"),
        ("sma:x", "period must be a number"),
        ("sma:nan", "period must be a number"),
        ("sma:5:6", "has 1 parameters, not 2"),
        ("macd:30:20", "fast must be below slow"),
        ("obv:1", "has 0 parameters"),
    ],
)
def test_a_wrong_parameter_is_named(client: FlaskClient, market: Market, name: str, reason: str) -> None:
    answer = client.get(f"/api/v1/symbols/BTCUSDT/indicators?name={name}")
    assert (answer.status_code, reason in answer.get_json()["error"]) == (400, True), answer.get_json()


def test_all_levels_of_a_pair_at_once(client: FlaskClient, market: Market) -> None:
    item = next(row for row in client.get("/api/v1/symbols").get_json() if row["symbol"] == "BTCUSDT")["item_id"]
    found = client.get(f"/api/v1/items/{item}/levels").get_json()
    alone = client.get("/api/v1/symbols/BTCUSDT/enigma").get_json()
    assert {name: alone[name] for name in found["all_time"]} == found["all_time"]
    for period in ("day", "week", "month", "year"):
        named = client.get(f"/api/v1/symbols/BTCUSDT/levels?period={period}").get_json()
        assert {name: named[name] for name in found["periods"][period]} == found["periods"][period]
    assert client.get("/api/v1/items/999999/levels").status_code == 404
    assert client.get("/api/v1/items/999999/indicators?name=sma").status_code == 404
