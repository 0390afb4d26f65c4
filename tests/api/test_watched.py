"""What a watchlist and the list of items say of pairs: prices by their own scales, change, Enigma level and state."""

from datetime import timedelta

import orjson
import pytest
from flask.testing import FlaskClient

from app.api import watched
from app.candles.feeds import FEED
from app.runtime import Runtime
from app.web.factory import create_server
from db.candles import symbols
from db.candles.symbols import PairRow
from tests.api.conftest import Market as Items
from tests.api.test_symbols import Market
from tests.api.test_symbols import market as pair_market

__all__ = ["pair_market"]  # a fixture


@pytest.fixture
def pair(pair_market: Market) -> Market:  # the fixture
    return pair_market


def say(runtime: Runtime, state: str, age: int | None = 120) -> None:
    told = {"exchange": "demo", "ws_state": state, "last_msg_age_ms": age}
    runtime.services.redis.set(FEED.format("demo"), orjson.dumps(told))


def rows(runtime: Runtime, *ids: int) -> list[dict[str, object]]:
    with create_server(runtime).app_context():
        return watched.watched([{"item_id": one} for one in ids])


def test_a_pair_s_row(client: FlaskClient, pair: Market, runtime: Runtime) -> None:
    say(runtime, "open")
    (row,) = rows(runtime, pair.item_id)
    last = int(pair.candles.close[-1])
    level = client.get("/api/v1/symbols/BTCUSDT/enigma").get_json()
    known = {name: row[name] for name in ("symbol", "price", "bid", "ask", "price_scale", "volume", "volume_scale")}
    assert known == {
        "symbol": "BTCUSDT", "price": last, "bid": None, "ask": 5_000_100, "price_scale": 100, "volume": 123_456,
        "volume_scale": 100_000,
    }  # fmt: skip
    assert row["change"] == pytest.approx(100 * (last - 4_900_000) / 4_900_000)
    # The ticker's 24 hours reach beyond the candles that are stored.
    high, low = max(5_100_000, level["ath"]), min(4_800_000, level["atl"])
    assert row["enigma"] == pytest.approx(100 * (last - low) / (high - low))
    assert (row["currency"], row["source"], row["sync"]) == ("USDT", "demo", "live")


@pytest.mark.parametrize(("state", "age"), [("waiting", 120), ("open", 60_000), ("connecting", None)])
def test_a_stream_that_does_not_speak_is_behind(pair: Market, runtime: Runtime, state: str, age: int | None) -> None:
    say(runtime, state, age)
    assert rows(runtime, pair.item_id)[0]["sync"] == "behind"


def test_nobody_s_stream_is_behind_and_a_halted_pair_is_halted(pair: Market, runtime: Runtime) -> None:
    assert rows(runtime, pair.item_id)[0]["sync"] == "behind"
    halted = [PairRow("BTCUSDT", "BTC", "USDT", 100, 100_000, "halted", 500)]
    with runtime.services.database.connection() as connection, connection.transaction():
        symbols.save(connection, "binance:spot", "demo", halted)
    assert rows(runtime, pair.item_id)[0]["sync"] == "halted"


def test_an_item_s_row_and_a_pair_without_a_price(market: Items, pair: Market, runtime: Runtime) -> None:
    silent = symbols.find(runtime.services.database, "OLDUSDT")
    assert silent
    item, old = rows(runtime, market.ids[0], silent.item_id)
    assert (item["price"], item["price_scale"], item["sync"], item["enigma"]) == (1000, 100, "live", None)
    assert isinstance(item["change"], float)
    assert {old[name] for name in ("price", "bid", "change", "enigma", "sync", "time")} == {None}
    with runtime.services.database.connection() as connection:
        connection.execute("UPDATE price_latest SET time = time - %s", [timedelta(days=3)])
        connection.execute("INSERT INTO provider_state (name, interval_s) VALUES ('steam', 60) ON CONFLICT DO NOTHING")
    assert rows(runtime, market.ids[0])[0]["sync"] == "behind"


def test_pairs_have_their_price_in_the_list_of_items(client: FlaskClient, market: Items, pair: Market) -> None:
    found = {row["market_hash_name"]: row for row in client.get("/api/v1/items").get_json()}
    assert (found["BTCUSDT"]["price"], found["BTCUSDT"]["volume"]) == (pair.candles.close[-1], 123_456)
    assert found["OLDUSDT"]["price"] is None
    one = client.get(f"/api/v1/items/{pair.item_id}").get_json()
    assert one["price"] == pair.candles.close[-1]


def test_prices_are_ordered_in_units_page_by_page(
    client: FlaskClient, market: Items, pair: Market, runtime: Runtime
) -> None:
    cheap = [PairRow("PEPEUSDT", "PEPE", "USDT", 100_000_000, 1, "trading", None)]
    with runtime.services.database.connection() as connection, connection.transaction():
        ids = symbols.save(connection, "binance:spot", "demo", cheap)
        symbols.save_tickers(connection, "demo", [(ids["PEPEUSDT"], 1, 1_234, -1, -1, 1_200, 1_300, 1_100, 7)])
    names: list[str] = []
    address = "/api/v1/items?sort=-price&limit=1"
    while address:
        answer = client.get(address)
        names += [row["market_hash_name"] for row in answer.get_json()]
        address = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert names[0] == "BTCUSDT"
    assert names[-2:] == ["PEPEUSDT", "OLDUSDT"]
    assert len(names) == len(set(names)) == 6
