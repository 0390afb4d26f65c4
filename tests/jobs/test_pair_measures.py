"""Measures of pairs: what pandas makes of the minutes, whatever else the database holds."""

import itertools
import math
from dataclasses import asdict
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
import redis

from app.analytics import gate_of
from db.core.pool import Database
from db.items import market, rankings
from db.items.rankings import MarketWindow
from jobs import measures
from jobs.turnover import quote_value
from tests.jobs.pairs import AS_OF, PAIRS, SOURCE, WINDOWS, Exchange, TestPair, epoch_seconds, stored
from tests.jobs.test_measures import store, walk

pytestmark = pytest.mark.slow
GOLDEN = pytest.approx
SKIN = 900


@pytest.fixture
def exchange(database: Database) -> Exchange:
    return stored(database)


@pytest.fixture
def skin(database: Database) -> int:
    """A CS2 item that is quoted until AS_OF."""
    database.execute(
        "INSERT INTO items (id, market, market_hash_name, match_key, slug) VALUES (%s, 'steam:730', 'AK', 'ak', 'ak')",
        [SKIN],
    )
    quotes = walk(1, 5_000, 0.01, 7)
    quotes[:, 0] += int(AS_OF.timestamp()) - quotes[-1, 0]
    store(database, SKIN, "steam", quotes)
    return SKIN


def rows_of(database: Database, exchange: Exchange) -> dict[tuple[str, str], dict[str, Any]]:
    names = {item: symbol for symbol, item in exchange.items.items()}
    found = database.rows("SELECT * FROM item_metrics WHERE item_id = ANY(%s)", [list(names)])
    assert all(row["reference"] and row["source"] == SOURCE for row in found)
    return {(names[row["item_id"]], row["window"]): row for row in found}


def by_pandas(candles: pd.DataFrame, before: float, rule: str) -> dict[str, float]:
    """The documented definitions on closes with gaps; periods of an exchange that never closes."""
    close = candles["close"].astype(float)
    seconds = epoch_seconds(candles)
    width = pd.Timedelta(rule).total_seconds()
    a_day = 86_400 / width
    logs = np.log(close.to_numpy())
    returns, gaps = np.diff(logs), np.diff(seconds) / width
    drift = returns.sum() / gaps.sum()
    sigma = math.sqrt((((returns - drift * gaps) ** 2) / gaps).sum() / (len(returns) - 1))
    days = (seconds - seconds[0]) / 86_400
    slope, intercept = np.polyfit(days, logs, 1)
    r2 = 1 - ((logs - slope * days - intercept) ** 2).sum() / ((logs - logs.mean()) ** 2).sum()
    last = close.tail(20)
    found = {
        "rolling_stddev": close.std(ddof=0),
        "coefficient_of_variation": close.std(ddof=0) / close.mean(),
        "percent_change": (close.iloc[-1] / before - 1) * 100,
        "return_volatility": sigma * math.sqrt(a_day),
        "trend_slope": slope * 100,
        "trend_r2": r2,
        "trend_score": slope * 100 * r2,
        "max_drawdown": (1 - close / close.cummax()).max(),
        "parkinson": math.sqrt((np.log(candles["high"] / candles["low"]) ** 2).mean() / (4 * math.log(2)) * a_day),
        "samples": len(close),
    }
    if len(returns) >= 30:
        found["sharpe"] = drift / sigma * math.sqrt(365 * a_day)
    if len(close) >= 20:
        middle, reach = last.mean(), 2 * last.std(ddof=0)
        found |= {"bollinger_upper": middle + reach, "bollinger_middle": middle, "bollinger_lower": middle - reach}
    return found


def test_measures_of_pairs_are_those_of_pandas(
    database: Database, redis_client: redis.Redis, exchange: Exchange
) -> None:
    measures.run(database, redis_client, AS_OF)
    rows = rows_of(database, exchange)
    assert rows.keys() == set(itertools.product((pair.symbol for pair in PAIRS), WINDOWS))
    for pair, (window, (rule, buckets)) in itertools.product(PAIRS, WINDOWS.items()):
        row, candles = rows[pair.symbol, window], exchange.window(pair.symbol, window)
        earlier = exchange.closes(pair.symbol, rule)
        before = earlier[earlier.index < candles.index[0]]["close"].iloc[-1]
        for name, value in by_pandas(candles, before, rule).items():
            assert row[name] == GOLDEN(value, rel=1e-9, abs=1e-12), (pair.symbol, window, name)
        assert row["volume"] == candles["volume"].sum()
        assert row["last_price"] == candles["close"].iloc[-1]
        assert row["coverage"] == GOLDEN(len(candles) / buckets)
        assert row["volume_rolling"] is False
        assert len(row["sparkline"]) == 24


def test_turnover_is_in_the_market_s_currency(
    database: Database, redis_client: redis.Redis, exchange: Exchange
) -> None:
    measures.run(database, redis_client, AS_OF)
    rows = rows_of(database, exchange)
    bitcoin = exchange.window("BTCUSDT", "24h")["close"].iloc[-1] / 100
    for pair in PAIRS:
        candles = exchange.window(pair.symbol, "24h")
        own = (candles["close"] / pair.price_scale * candles["volume"] / pair.volume_scale).sum()
        row = rows[pair.symbol, "24h"]
        if pair.quote == "EUR":
            assert row["turnover"] is None
        else:
            assert row["turnover"] == GOLDEN(own * (bitcoin if pair.quote == "BTC" else 1), rel=1e-9)


def test_a_currency_is_converted_by_a_pair_either_way_round_or_not_at_all() -> None:
    prices = {("BTC", "USDT"): 64_000.0, ("USDT", "TRY"): 40.0}
    assert [quote_value(prices, quote, "USDT") for quote in ("USDT", "BTC", "TRY")] == [1.0, 64_000.0, 0.025]
    assert math.isnan(quote_value(prices, "EUR", "USDT"))


def ranked(client: redis.Redis, key: str) -> dict[int, float]:
    found: Any = client.zrange(key, 0, -1, withscores=True)
    return {int(member): score for member, score in found}


def test_each_market_has_its_own_rankings(
    database: Database, redis_client: redis.Redis, exchange: Exchange, skin: int
) -> None:
    measures.run(database, redis_client, AS_OF)
    rows = rows_of(database, exchange)
    # The euro's worth is not known, and dust does not trade enough.
    passing = {pair.symbol for pair in PAIRS} - {"BTCEUR", "DUSTUSDT"}
    for window in WINDOWS:
        for metric in ("return_volatility", "percent_change", "max_drawdown"):
            found = ranked(redis_client, f"rankings:{metric}:{window}:binance:spot")
            assert found == {exchange.items[symbol]: GOLDEN(rows[symbol, window][metric]) for symbol in passing}
        traded = ranked(redis_client, f"rankings:volume:{window}:binance:spot")
        assert traded == {exchange.items[symbol]: GOLDEN(rows[symbol, window]["turnover"]) for symbol in passing}
        assert ranked(redis_client, f"rankings:return_volatility:{window}").keys() == {skin}
    for key in ("rankings:volatile:binance:spot", "rankings:volatile:24h:binance:spot"):
        assert ranked(redis_client, key) == ranked(redis_client, "rankings:return_volatility:24h:binance:spot")
    texts: Any = redis_client.hgetall("rankings:rows:24h:binance:spot")
    assert {int(item) for item in texts} == set(exchange.items.values())
    row = orjson.loads(texts[str(exchange.items["ETHBTC"]).encode()])
    assert row["turnover"] == GOLDEN(rows["ETHBTC", "24h"]["turnover"])


@pytest.mark.parametrize(("window", "days"), [("24h", 1.0), ("7d", 7.0)])
def test_index_breadth_and_treemap_of_pairs_are_those_of_pandas(
    database: Database, redis_client: redis.Redis, exchange: Exchange, skin: int, window: str, days: float
) -> None:
    measures.run(database, redis_client, AS_OF)
    scope = MarketWindow("binance:spot", window, days, pairs=True)
    gate = asdict(gate_of("percent_change", "exchange"))
    found = market.overview(database, scope, gate, currency="USDT")
    frame = pd.DataFrame([_figures(exchange, pair, window, days) for pair in PAIRS]).set_index("symbol")
    passing = frame[frame["turnover"] >= 100_000]
    basket = passing[passing["quote"] == "USDT"]
    held = basket["volume"]
    assert found["index_change"] == GOLDEN(
        ((held * basket["last"]).sum() / (held * basket["base"]).sum() - 1) * 100, rel=1e-6
    )
    assert (found["index_items"], found["others"], found["currency"]) == (3, 1, "USDT")
    assert found["traded"] == GOLDEN(passing["turnover"].sum(), rel=1e-9)
    moved = passing["last"] / passing["base"] - 1
    assert (found["advancing"], found["declining"]) == ((moved > 0).sum(), (moved < 0).sum())
    assert found["counted"] == len(passing) == 4
    fields = market.heaviest(database, scope, by_value=True, limit=10)
    ordered = frame["turnover"].dropna().sort_values(ascending=False)
    assert [row["market_hash_name"] for row in fields] == ordered.index.to_list()
    assert [row["weight"] for row in fields] == GOLDEN(ordered.to_list(), rel=1e-9)
    assert market.heaviest(database, scope, by_value=False, limit=10) == []
    reach = rankings.reach(database, scope, gate, currency="USDT")
    assert (reach["items"], reach["passing"]) == (len(PAIRS), 4)
    assert (reach["converted"], reach["unconverted"]) == (1, 1)
    items = MarketWindow("steam:730", window, days)
    assert rankings.reach(database, items, gate)["items"] == 1
    assert [row["item_id"] for row in market.heaviest(database, items, by_value=True, limit=10)] == [skin]


def _figures(exchange: Exchange, pair: TestPair, window: str, days: float) -> dict[str, Any]:
    rule, _ = WINDOWS[window]
    candles, earlier = exchange.window(pair.symbol, window), exchange.closes(pair.symbol, rule)
    before = earlier[earlier.index < candles.index[0]]["close"].iloc[-1]
    worth = {"USDT": 1.0, "BTC": exchange.window("BTCUSDT", window)["close"].iloc[-1] / 100}.get(pair.quote, math.nan)
    traded = (candles["close"] / pair.price_scale * candles["volume"] / pair.volume_scale).sum()
    return {
        "symbol": pair.symbol,
        "quote": pair.quote,
        "last": candles["close"].iloc[-1] / pair.price_scale,
        "base": before / pair.price_scale,
        "volume": candles["volume"].sum() / pair.volume_scale / days,
        "turnover": traded * worth / days,
    }


def test_the_last_hour_is_rolled_up_late_and_counted_all_the_same(
    database: Database, redis_client: redis.Redis, exchange: Exchange
) -> None:
    measures.run(database, redis_client, AS_OF)
    usual = rows_of(database, exchange)
    database.execute(
        "DELETE FROM candles_1h WHERE open_time >= %s", [pd.Timestamp(AS_OF).floor("1h") - pd.Timedelta("1h")]
    )
    database.execute(
        "DELETE FROM candles_5m WHERE open_time >= %s", [pd.Timestamp(AS_OF).floor("5min") - pd.Timedelta("5min")]
    )
    measures.run(database, redis_client, AS_OF)
    late = rows_of(database, exchange)
    for key, row in usual.items():
        del row["computed_at"], late[key]["computed_at"], row["sparkline"], late[key]["sparkline"]
        assert late[key] == row, key


def test_a_simulated_exchange_beside_real_items_stays(
    database: Database, redis_client: redis.Redis, exchange: Exchange, skin: int
) -> None:
    """A simulated one runs only where no real one does, whatever speaks for items."""
    assert skin
    for table in ("candles_1m", "candles_5m", "candles_1h"):
        database.execute(f"UPDATE {table} SET source = 'demo'")  # noqa: S608  # names of this list
    database.execute("UPDATE items SET reference_source = 'demo' WHERE market = 'binance:spot'")
    measures.run(database, redis_client, AS_OF)
    measures.run(database, redis_client, AS_OF)
    items = list(exchange.items.values())
    kept = database.rows("SELECT DISTINCT reference_source FROM items WHERE id = ANY(%s)", [items])
    assert kept == [{"reference_source": "demo"}]
    found = database.rows("SELECT reference FROM item_metrics WHERE item_id = ANY(%s)", [items])
    assert found
    assert all(row["reference"] for row in found)
