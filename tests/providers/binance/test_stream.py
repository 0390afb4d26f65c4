import asyncio
from typing import Any

import pytest

from app.providers.exchange import Book, Connected, Kline, Ticker
from tests.exchange.generator import invented, trade_some
from tests.exchange.market import Listing, Market
from tests.providers.binance.conftest import BTC, session

pytestmark = pytest.mark.slow


def test_candles_tickers_and_books_arrive_as_integers(market: Market) -> None:
    async def run() -> None:
        async with session(market) as it:
            await it.watch()
            market.trade("BTCUSDT", "123.45", "0.5")
            await it.until(lambda: it.of(Book))
            opened = market.now // 60_000 * 60
            assert it.events[0] == Connected(("BTCUSDT", "ETHUSDT"), "first connection")
            bar = Kline("BTCUSDT", opened, 12_345, 12_345, 12_345, 12_345, 50_000, 1, final=False)
            assert it.of(Kline) == [bar]
            assert (it.of(Ticker)[0].symbol, it.of(Ticker)[0].price) == ("BTCUSDT", 12_345)
            assert it.of(Book) == [Book("BTCUSDT", 12_344, 12_346)]

    asyncio.run(run())


def test_rule_16_the_first_candle_after_a_connect_is_not_final_and_its_end_is_said_once(market: Market) -> None:
    """Rule 16: the first snapshot after a connect is no news; the exchange's word or time makes a candle final."""

    async def run() -> None:
        async with session(market) as it:
            await it.watch()
            market.trade("BTCUSDT", "100")
            await it.until(lambda: it.of(Kline))
            assert not it.finals
            market.next_minute()
            await it.until(lambda: it.finals)
            # The quiet symbol's minute ends, too: its newest one, before the watch, and none of them twice.
            await it.settled()
            ended = [(bar.symbol, bar.open_time) for bar in it.finals]
            assert len(ended) == len(set(ended))
            opened = market.now // 1000 - 60
            assert ("BTCUSDT", opened) in ended
            market.advance(1)
            await it.adapter.time()
            stored = await it.adapter.klines(BTC, "1m", opened, opened + 60)
            assert stored == [bar for bar in it.finals if (bar.symbol, bar.open_time) == ("BTCUSDT", opened)]

    asyncio.run(run())


def test_rule_04_a_final_candle_that_comes_late_shows_how_late_and_changes_nothing_that_is_final(
    market: Market,
) -> None:
    """Rule 4: a final candle that comes late changes nothing; how late is a figure."""

    def is_final(stream: str, data: dict[str, Any]) -> bool:
        return stream == "btcusdt@kline_1m" and data["k"]["x"] is True

    async def run() -> None:
        async with session(market) as it:
            await it.watch()
            market.trade("BTCUSDT", "100")
            it.exchange.faults.drop = is_final
            market.next_minute()
            await it.settled()
            assert not [bar for bar in it.finals if bar.symbol == "BTCUSDT"]
            missing = market.bars["BTCUSDT"][market.now - 60_000]
            market.advance(25_000)
            await it.adapter.time()
            for _ in range(2):
                it.exchange.streams.send("btcusdt@kline_1m", missing.event("BTCUSDT", market.now - 25_000, final=True))
            await it.settled()
            assert len([bar for bar in it.finals if bar.symbol == "BTCUSDT"]) == 1
            assert it.adapter.lateness()["BTCUSDT"] == pytest.approx(25, abs=1)
            # An update of the minute that is over opens it no more.
            count = len(it.events)
            it.exchange.streams.send("btcusdt@kline_1m", missing.event("BTCUSDT", market.now, final=False))
            await it.settled()
            assert len(it.events) == count

    asyncio.run(run())


def test_wrong_events_are_set_aside_and_the_stream_goes_on(market: Market) -> None:
    async def run() -> None:
        async with session(market) as it:
            await it.watch()
            opened = market.now // 60_000 * 60_000
            send = it.exchange.streams.send
            market.trade("BTCUSDT", "100")
            good = market.bars["BTCUSDT"][opened].event("BTCUSDT", market.now, final=False)
            await it.until(lambda: it.of(Kline))
            bars = len(it.of(Kline))
            send("btcusdt@kline_1m", {**good, "k": {**good["k"], "t": opened + 1000}})
            send("btcusdt@kline_1m", {**good, "k": {**good["k"], "c": "0.00000000", "n": 9}})
            send("btcusdt@kline_1m", {"e": "tomorrow's event", "s": "BTCUSDT"})
            send("btcusdt@bookTicker", {"s": "BTCUSDT"})
            for client in it.exchange.streams.clients:
                for nonsense in (
                    "",
                    "[]",
                    "{",
                    '{"stream": 7}',
                    '{"id": 99, "result": null}',
                    '{"code": 3, "msg": "x"}',
                ):
                    await client.connection.send(nonsense)
            market.trade("BTCUSDT", "101")
            await it.until(lambda: len(it.of(Kline)) == bars + 1)
            assert (it.adapter.counts()["off_grid"], it.adapter.counts()["rejected"]) == (1, 2)
            assert it.adapter.connections()[0].reconnects == 0

    asyncio.run(run())


def test_events_doubled_and_swapped_by_the_exchange_come_once_and_never_go_back(market: Market) -> None:
    async def run() -> None:
        async with session(market) as it:
            await it.watch()
            it.exchange.faults.duplicate = it.exchange.faults.reorder = True
            trade_some(market, 200)
            await it.settled()
            assert len(it.of(Ticker)) == len(set(it.of(Ticker))) > 0
            assert len(it.of(Kline)) == len(set(it.of(Kline))) > 0
            assert len(it.of(Book)) <= 200
            for symbol in market.listings:
                counts = [bar.trades for bar in it.of(Kline) if bar.symbol == symbol]
                assert counts == sorted(counts, key=lambda count: count or 0)
                times = [ticker.time for ticker in it.of(Ticker) if ticker.symbol == symbol]
                assert times == sorted(times)

    asyncio.run(run())


def test_symbols_that_stand_still_are_not_subscribed_to(market: Market) -> None:
    market.listings["LUNAUSDT"] = Listing("LUNAUSDT", "LUNA", status="BREAK")

    async def run() -> None:
        async with session(market) as it:
            await it.watch()
            (client,) = it.exchange.streams.clients
            assert {name.partition("@")[0] for name in client.streams} == {"btcusdt", "ethusdt"}
            # One that halts while it is watched is ended, the other goes on.
            market.listings["ETHUSDT"].status = "HALT"
            await it.adapter.watch(await it.adapter.symbols())
            await it.until(lambda: it.adapter.connections()[0].streams == 3)
            assert client.streams == {f"btcusdt@{kind}" for kind in ("kline_1m", "miniTicker", "bookTicker")}
            assert it.exchange.streams.connected == 1

    asyncio.run(run())


def test_symbols_outside_of_ascii_are_streamed() -> None:
    market = Market(Listing("币安人生USDT", "币安人生"))

    async def run() -> None:
        async with session(market) as it:
            await it.watch()
            market.trade("币安人生USDT", "100")
            await it.until(lambda: it.of(Book))

    asyncio.run(run())


def test_rule_15_three_hundred_symbols_subscribe_within_the_exchanges_five_messages_a_second() -> None:
    """Rule 15: a subscription a stream would break the exchange's limit of five messages a second."""
    market = invented(300)

    async def run() -> None:
        async with session(market, batch=30) as it:
            await it.watch()
            (client,) = it.exchange.streams.clients
            assert len(client.streams) == 900
            assert len(client.commands) == 30
            assert not it.exchange.streams.breaches
            for moment in client.commands:
                assert sum(moment <= other < moment + 1 for other in client.commands) <= 4

    asyncio.run(run())


def test_as_many_connections_as_the_streams_need_and_each_symbol_on_one() -> None:
    market = invented(20)

    async def run() -> None:
        async with session(market, streams_per_connection=30) as it:
            symbols = await it.watch()
            held = [client.streams for client in it.exchange.streams.clients]
            assert sorted(len(streams) for streams in held) == [30, 30]
            assert not held[0] & held[1]
            assert [(state.id, state.state, state.streams) for state in it.adapter.connections()] == [
                (1, "open", 30),
                (2, "open", 30),
            ]
            # Fewer symbols need no new connection, and one without any is closed.
            await it.adapter.watch(symbols[:5])
            await it.until(lambda: len(it.exchange.streams.clients) == 1)
            await it.until(lambda: it.adapter.connections()[0].streams == 15)
            # Those that come back fill what is open first.
            await it.adapter.watch(symbols[:12])
            await it.until(lambda: sum(state.streams for state in it.adapter.connections()) == 36)
            assert it.exchange.streams.connected == 3
            trade_some(market, 200)
            await it.until(lambda: len({bar.symbol for bar in it.of(Kline)}) == 12)

    asyncio.run(run())


def test_closing_ends_the_stream_and_every_connection(market: Market) -> None:
    async def run() -> None:
        async with session(market) as it:
            await it.watch()
            await it.adapter.aclose()
            await it.until(lambda: not it.exchange.streams.clients)
            assert not it.adapter.connections()

    asyncio.run(run())
