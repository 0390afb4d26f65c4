"""What a feed does when it breaks off while the sockets stay open, and when the exchange wants to be left alone."""

from collections.abc import Iterator

import pytest
import redis

from app.providers.binance.connection import Connection
from app.providers.binance.provider import BinanceExchange
from app.providers.binance.settings import BinanceSettings
from db.candles import repairs, store
from db.core.pool import Database, DatabaseDownError
from jobs.exchange import feed as feed_module
from tests.conftest import wait_for
from tests.exchange import server
from tests.exchange.faults import Answer
from tests.exchange.feeds import Fed, fed, feeding
from tests.exchange.market import Listing, Market

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "RETRY_DELAY", 1.0)


@pytest.fixture(name="it")
def _it(database: Database, redis_client: redis.Redis) -> Iterator[Fed]:
    market = Market(Listing("BTCUSDT", "BTC"), Listing("ETHUSDT", "ETH"))
    for symbol in market.listings:
        market.fill(symbol, 5)
    with fed(market, database, redis_client) as found:
        found.pass_minutes(1)
        found.wait_until_whole()
        yield found


def test_after_the_feed_broke_off_with_its_sockets_open_nothing_is_missing(
    it: Fed, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = it.exchange.streams.connected
    with monkeypatch.context() as broken:
        broken.setattr(store, "store", _fails)
        it.pass_minutes(4)
        wait_for(lambda: it.feed._breaks > 0, 10, "nothing broke")
    assert it.exchange.streams.connected == connected, "the sockets stayed open"
    it.wait_until_whole(seconds=15)
    assert {row["cause"] for row in repairs.newest(it.database)} <= {"the feed broke off"}
    wait_for(lambda: set(it.feed.buffer.last_final) == {"BTCUSDT", "ETHUSDT"}, 5, "late ones would not be asked for")


def _fails(*_: object, **__: object) -> int:
    raise DatabaseDownError("the database does not answer")


@pytest.mark.parametrize("status", [429, 418])
def test_a_refused_repair_waits_to_the_second_while_the_stream_goes_on(it: Fed, status: int) -> None:
    breaks = it.feed._breaks
    it.exchange.faults.answer("/api/v3/klines", status, {"code": -1003, "msg": "wait"}, Retry_After="7")
    it.exchange.faults.refuse = Answer(503, {})
    it.exchange.call(it.exchange.streams.cut)
    it.pass_minutes(3)
    before = len(it.asked("BTCUSDT")) + len(it.asked("ETHUSDT"))
    it.exchange.faults.refuse = None
    wait_for(lambda: len(it.asked("BTCUSDT")) + len(it.asked("ETHUSDT")) > before, 15, "no repair")
    refused = it.exchange.rest.requests[-1][0]
    wait_for(lambda: len(it.streamed()) == 2, 10, "not connected")
    it.pass_minutes(1)
    newest = it.true("ETHUSDT")[-1]
    wait_for(lambda: it.stored("ETHUSDT")[-1] == newest, 5, "the stream's candles wait for the repair")
    it.wait_until_whole(seconds=20)
    waited = next(at for at, _, _ in it.exchange.rest.requests if at > refused) - refused
    assert 6.9 < waited < 8.5
    assert it.feed._breaks == breaks, "the feed went on"


def test_a_refused_start_waits_to_the_second(database: Database, redis_client: redis.Redis) -> None:
    market = Market(Listing("BTCUSDT", "BTC"))
    market.fill("BTCUSDT", 5)
    with server.running(market) as exchange:
        exchange.faults.answer("/api/v3/exchangeInfo", 429, {"code": -1003, "msg": "wait"}, Retry_After="4")
        adapter = BinanceExchange(BinanceSettings(rest_url=exchange.url, stream_url=exchange.stream_url))
        with feeding(adapter, database, redis_client):
            wait_for(lambda: exchange.streams.clients, 15, "it did not begin again")
        first, second = (at for at, path, _ in exchange.rest.requests if path.endswith("Info"))
        assert 3.9 < second - first < 5


def test_a_connection_that_ends_by_an_error_of_ours_is_begun_anew(it: Fed, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Connection, "_reconcile", _breaks)
        it.exchange.call(it.exchange.streams.cut)
        wait_for(lambda: it.feed._breaks > 0, 20, "nothing broke")
    it.pass_minutes(2)
    wait_for(lambda: it.streamed() == {"BTCUSDT", "ETHUSDT"}, 20, "not streamed again")
    it.pass_minutes(1)
    it.wait_until_whole()


async def _breaks(*_: object) -> None:
    raise RuntimeError("a fault of ours")
