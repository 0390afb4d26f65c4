import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.providers.binance.watchdog import Watchdog
from app.providers.binance.wire import Message
from app.providers.exchange import Connected, Kline, Ticker
from tests.exchange.market import Listing, Market
from tests.providers.binance.conftest import session

pytestmark = pytest.mark.slow

KINDS = ("kline_1m", "miniTicker", "bookTicker")


@asynccontextmanager
async def trading(market: Market, *symbols: str) -> AsyncIterator[None]:
    """Trades of these symbols, fifty a second each."""

    async def trade() -> None:
        for number in itertools.count():
            for symbol in symbols:
                market.trade(symbol, f"{100 + number % 50}")
            await asyncio.sleep(0.02)

    task = asyncio.create_task(trade())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def test_rule_05_a_silent_candle_stream_is_renewed_alone_and_said_to_be_connected(market: Market) -> None:
    """Rule 5: a stream that falls silent on a living socket is renewed, and it alone."""

    async def run() -> None:
        async with session(market, silence=0.8) as it:
            await it.watch()
            it.exchange.faults.silent.add("ethusdt@kline_1m")
            async with trading(market, "BTCUSDT", "ETHUSDT"):
                await it.until(lambda: len(it.of(Connected)) == 2)
                assert it.of(Connected)[1] == Connected(("ETHUSDT",), "silent stream renewed")
                await it.until(lambda: any(bar.symbol == "ETHUSDT" for bar in it.of(Kline)))
            (client,) = it.exchange.streams.clients
            assert it.exchange.streams.connected == 1
            assert len(client.streams) == 6
            assert len(client.commands) == 3

    asyncio.run(run())


def test_a_silent_ticker_of_a_symbol_that_trades_is_renewed_without_asking_for_repair(market: Market) -> None:
    async def run() -> None:
        async with session(market, silence=0.8) as it:
            await it.watch()
            it.exchange.faults.silent.add("ethusdt@miniTicker")
            async with trading(market, "BTCUSDT", "ETHUSDT"):
                await it.until(lambda: any(ticker.symbol == "ETHUSDT" for ticker in it.of(Ticker)))
            assert it.exchange.streams.connected == 1
            assert len(it.of(Connected)) == 1

    asyncio.run(run())


def bar(trades: int, opened: int = 1_795_828_440) -> Message:
    return Message(Kline("ETHUSDT", opened, 1, 1, 1, 1, trades, trades, final=False), 0)


def test_a_quiet_symbol_is_no_silent_one() -> None:
    watchdog = Watchdog(150)
    watchdog.follow([f"ethusdt@{kind}" for kind in KINDS], 0)
    for minute in range(1, 60):
        watchdog.hear("ethusdt@kline_1m", bar(0, minute * 60), minute * 60)
        assert watchdog.silent(minute * 60) == []


@pytest.mark.parametrize("kind", KINDS[1:])
def test_tickers_and_books_are_judged_by_trades_that_came_since(kind: str) -> None:
    watchdog = Watchdog(150)
    watchdog.follow([f"ethusdt@{name}" for name in KINDS], 0)
    for second in range(1, 150):
        for name in KINDS:
            if name != kind:
                watchdog.hear(f"ethusdt@{name}", bar(second) if name == "kline_1m" else None, second)
    assert watchdog.silent(149) == []
    assert watchdog.silent(150) == [f"ethusdt@{kind}"]


def test_a_stream_that_stays_silent_is_renewed_ever_more_rarely() -> None:
    watchdog = Watchdog(150)
    watchdog.follow(["ethusdt@kline_1m"], 0)
    renewals = [second for second in range(40_000) if watchdog.silent(second)]
    assert [after - before for before, after in itertools.pairwise(renewals)][:7] == [
        300,
        600,
        1200,
        2400,
        4800,
        9600,
        9600,
    ]
    watchdog.hear("ethusdt@kline_1m", bar(1), 40_000)
    assert watchdog.silent(40_149) == []
    assert watchdog.silent(40_150) == ["ethusdt@kline_1m"]


def test_streams_that_are_not_followed_are_not_judged() -> None:
    watchdog = Watchdog(150)
    watchdog.follow(["ethusdt@kline_1m"], 0)
    watchdog.drop(["ethusdt@kline_1m"])
    watchdog.hear("ethusdt@kline_1m", bar(1), 1)
    assert watchdog.silent(1e9) == []


def test_a_symbol_without_any_trade_stays_on_its_socket() -> None:
    market = Market(Listing("BTCUSDT", "BTC"), Listing("XYZUSDT", "XYZ"))

    async def run() -> None:
        async with session(market, silence=0.8) as it:
            await it.watch()
            async with trading(market, "BTCUSDT"):
                await asyncio.sleep(2.5)
            # Its candle stream says nothing here, which the exchange's would each minute: renewed twice at most.
            assert it.exchange.streams.connected == 1
            assert len([event for event in it.of(Connected) if event.symbols == ("XYZUSDT",)]) <= 2

    asyncio.run(run())
