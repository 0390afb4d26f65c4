"""What went wrong in others' exchange clients, as sixteen rules. Those of the whole feed are here; the others are beside what they test.

| rule | what must hold | test |
| --- | --- | --- |
| 1 | a cut loses no minute: the hole is asked for from the last final candle on | here |
| 2 | the daily end of a connection loses and doubles nothing | providers/binance/test_reconnect.py |
| 3 | reconnects do not double sockets | providers/binance/test_reconnect.py |
| 4 | a final candle that comes late or never is asked for; a late one changes nothing | here, providers/binance/test_stream.py |
| 5 | a single stream that falls silent is renewed alone | providers/binance/test_watchdog.py |
| 6 | what is out of date is said, and heals by itself | here |
| 7 | the last row of REST is not final before it is over | providers/binance/test_rest.py |
| 8 | a minute is there once, at midnight too; what comes later replaces | here |
| 9 | milliseconds and microseconds are told by magnitude, other years refused | providers/binance/test_units.py |
| 10 | a quiet minute is a candle, an empty hole is asked for once | here |
| 11 | candles off the grid are set aside and counted | providers/binance/test_rest.py |
| 12 | price 0, halted and unknown symbols | here, providers/binance/test_wire.py, test_stream.py, test_rest.py |
| 13 | a file that was replaced updates the rows | here, providers/binance/test_dumps.py |
| 14 | the exchange's clock decides, not the local one | here, providers/binance/test_rest.py |
| 15 | five commands a second, backoff with jitter | providers/binance/test_stream.py, test_reconnect.py |
| 16 | the first snapshot is no news | providers/binance/test_stream.py |
"""

import re
import time
from pathlib import Path

import pytest
import redis

from app.providers.binance.dumps import read_dump
from app.providers.exchange import Symbol
from db.candles import repairs, store, symbols
from db.core.pool import Database
from jobs.exchange import feed as feed_module
from tests.conftest import wait_for
from tests.exchange.candles import DAY, MINUTE
from tests.exchange.faults import Answer
from tests.exchange.feeds import fed
from tests.exchange.market import Listing, Market

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
BUSY = Answer(503, {"msg": "busy"})


def market_of(*names: str, minutes: int = 5, now: int | None = None) -> Market:
    made = Market(*(Listing(f"{name}USDT", name) for name in names))
    if now is not None:
        made._now = now
    for symbol in made.listings:
        made.fill(symbol, minutes)
    return made


def line(opened: int, close: str) -> str:
    """A line of a file of the exchange."""
    return f"{opened},100.00,103.00,99.00,{close},5,{opened + MINUTE - 1},500.00,7,2,200.00,0"


def status(database: Database, symbol: str) -> str | None:
    pair = symbols.find(database, symbol)
    return pair.status if pair else None


def test_every_rule_has_a_test() -> None:
    text = "".join(path.read_text() for path in (HERE.parent / "providers/binance").glob("test_*.py"))
    text += Path(__file__).read_text()
    assert {int(number) for number in re.findall(r"def test_rule_(\d+)_", text)} == set(range(1, 17))


def test_rule_01_a_cut_of_three_minutes_leaves_no_hole(database: Database, redis_client: redis.Redis) -> None:
    """Rule 1: every minute of the hole equals REST, the refill begins at the last final one, and twice gives the same rows."""
    market = market_of("BTC", "ETH")
    with fed(market, database, redis_client) as it:
        it.pass_minutes(2)
        it.wait_until_whole()
        last = int(it.stored("BTCUSDT")[-1][0])
        it.exchange.faults.refuse = BUSY
        it.exchange.call(it.exchange.streams.cut)
        it.pass_minutes(3)
        before = len(it.asked("BTCUSDT"))
        it.exchange.faults.refuse = None
        it.wait_until_whole()
        wait_for(lambda: it.asked("BTCUSDT")[before:], 10, "nothing was asked for")
        assert min(start for start, _ in it.asked("BTCUSDT")[before:]) == last
        rows = it.stored("BTCUSDT")
        it.exchange.call(it.exchange.streams.cut)
        wait_for(lambda: len(it.asked("BTCUSDT")) > before + 1, 20, "not asked for a second time")
        it.pass_minutes(1)
        it.wait_until_whole()
        assert it.stored("BTCUSDT")[:-1] == rows


def test_rule_04_a_final_candle_that_never_comes_is_asked_for(database: Database, redis_client: redis.Redis) -> None:
    """Rule 4: none ten seconds after its end by the exchange's clock, and REST is asked; its lateness is a figure."""
    market = market_of("BTC")
    with fed(market, database, redis_client) as it:
        it.pass_minutes(1)
        it.wait_until_whole()
        it.exchange.faults.drop = lambda _stream, data: data.get("k", {}).get("x") is True
        it.pass_minutes(1)
        asked = len(it.asked("BTCUSDT"))
        time.sleep(2)
        assert len(it.asked("BTCUSDT")) == asked, "it was not late yet"
        it.shift[0] += 12
        it.exchange.call(lambda: market.advance(12_000))
        it.wait_until_whole(seconds=10)
        assert it.state()["final_lateness_ms"] is not None


def test_rule_06_a_pair_that_is_behind_is_named_until_it_is_not(database: Database, redis_client: redis.Redis) -> None:
    """Rule 6: behind is two intervals and a slack after the last candle, one minute is not; it heals without a restart."""
    market = market_of("BTC", "ETH")
    with fed(market, database, redis_client) as it:
        it.pass_minutes(1)
        it.wait_until_whole()
        it.exchange.faults.silent.add("ethusdt@kline_1m")
        it.exchange.call(lambda: it.exchange.ban(8))
        it.pass_minutes(1)
        time.sleep(2)
        assert it.state()["behind"] == []
        it.pass_minutes(1)
        wait_for(lambda: [one["symbol"] for one in it.state()["behind"]] == ["ETHUSDT"], 6, "nothing is named")
        assert it.state()["behind_count"] == 1
        wait_for(lambda: it.state()["behind"] == [], 30, "it did not heal")
        it.wait_until_whole()


def test_rule_08_a_minute_is_there_once_at_midnight_too(database: Database, redis_client: redis.Redis) -> None:
    """Rule 8: one row for (pair, interval, open time), however often and however different it comes; the later one holds."""
    midnight = int(time.time() * 1000) // DAY * DAY
    market = market_of("BTC", now=midnight - 2 * MINUTE)
    with fed(market, database, redis_client) as it:
        it.pass_minutes(3)
        it.wait_until_whole()
        first = market.bars["BTCUSDT"][midnight]
        market.bars["BTCUSDT"][midnight] = corrected = first.traded(first.close, first.volume, first.last + 1)
        for bar in (first, corrected, corrected):
            it.exchange.call(
                lambda bar=bar: it.exchange.streams.send(
                    "btcusdt@kline_1m", bar.event("BTCUSDT", market.now, final=True)
                )  # type: ignore[misc]
            )
        it.wait_until_whole()
        times = [row[0] for row in it.stored("BTCUSDT")]
        assert times == sorted(set(times))
        assert midnight in times


def test_rule_10_a_quiet_minute_is_a_candle_and_an_empty_hole_is_asked_for_once(
    database: Database, redis_client: redis.Redis
) -> None:
    """Rule 10: without a trade the minute has volume 0 at the close before; what the exchange itself lacks is known to be empty."""
    market = market_of("BTC", minutes=300)
    hole = [market.now - MINUTE * back for back in range(200, 205)]
    with fed(market, database, redis_client) as it:
        it.pass_minutes(2, with_trades=False)
        it.wait_until_whole()
        assert [row[5] for row in it.stored("BTCUSDT")[-1:]] == [0]
        assert it.stored("BTCUSDT")[-1][4] == it.stored("BTCUSDT")[-2][4]
        pair = symbols.find(database, "BTCUSDT")
        assert pair
        for at in hole:
            del market.bars["BTCUSDT"][at]
        times = [at // 1000 for at in hole]
        database.execute("DELETE FROM candles_1m WHERE extract(epoch FROM open_time) = ANY(%s)", [times])
        for expected in (1, 0):
            found = it.call(it.feed.repairer.search("hourly"))
            assert found == expected
            wait_for(lambda: len(it.feed.repairer) == 0, 10, "not done")
        assert {row["candles"] for row in repairs.newest(database)} == {0}


def test_rule_12_a_pair_that_stands_still_is_streamed_no_more_and_again(
    database: Database, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 12: BREAK ends the stream of a pair while the others go on, TRADING brings it back, and nothing is missing."""
    monkeypatch.setattr(feed_module, "RELIST_INTERVAL", 1.0)
    market = market_of("BTC", "ETH")
    with fed(market, database, redis_client) as it:
        it.pass_minutes(1)
        market.listings["ETHUSDT"].status = "BREAK"
        wait_for(lambda: it.streamed() == {"BTCUSDT"}, 15, "it is streamed on")
        assert status(database, "ETHUSDT") == "halted"
        market.listings["ETHUSDT"].status = "TRADING"
        wait_for(lambda: it.streamed() == {"BTCUSDT", "ETHUSDT"}, 15, "it did not come back")
        it.pass_minutes(1)
        it.wait_until_whole()
        del market.listings["ETHUSDT"]
        wait_for(lambda: status(database, "ETHUSDT") == "delisted", 15, "it is not delisted")


def test_rule_13_a_file_that_was_replaced_updates_the_rows(database: Database, tmp_path: Path) -> None:
    """Rule 13: the exchange repairs its files later; read again, they change what differs and nothing else."""
    listed = Symbol("BTCUSDT", "BTC", "USDT", 100, 1, "trading")
    row = symbols.PairRow("BTCUSDT", "BTC", "USDT", 100, 1, "trading", None)
    with database.connection() as connection, connection.transaction():
        item = symbols.save(connection, "binance:spot", "binance", [row])["BTCUSDT"]
    opened = 1_735_689_600_000
    file = tmp_path / "BTCUSDT-1m-2025-01.csv"
    changed = []
    for second_close in ("101.00", "101.00", "102.00"):
        lines = [
            line(opened, "100.00"),
            line(opened + MINUTE, second_close),
            line(opened + 2 * MINUTE, "100.00"),
        ]
        file.write_text("\n".join(lines) + "\n")
        (block,) = read_dump(file, listed, "1m")
        with database.connection() as connection:
            store.make_partitions(connection, block.candles)
            with connection.transaction():
                changed.append(store.store_item(connection, "binance", item, block.candles))
    assert changed == [3, 0, 1]


@pytest.mark.parametrize("off", [-90, 90])
def test_rule_14_a_wrong_local_clock_changes_nothing(database: Database, redis_client: redis.Redis, off: int) -> None:
    """Rule 14: with ours 90 s before or behind the exchange's, history, cut and refill give the same rows."""
    market = market_of("BTC", now=(int(time.time()) + off) * 1000)
    with fed(market, database, redis_client) as it:
        it.pass_minutes(1)
        it.wait_until_whole()
        it.exchange.faults.refuse = BUSY
        it.exchange.call(it.exchange.streams.cut)
        it.pass_minutes(3)
        it.exchange.faults.refuse = None
        it.wait_until_whole()
        assert it.state()["behind"] == []
