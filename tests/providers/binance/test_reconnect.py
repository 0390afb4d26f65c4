import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from app.providers.exchange import Connected, Kline
from tests.exchange.faults import Answer
from tests.exchange.generator import invented, trade_on
from tests.exchange.market import Market
from tests.providers.binance.conftest import Session, session

pytestmark = pytest.mark.slow


def live_sockets(it: Session) -> int:
    return len(it.exchange.streams.clients)


def told(it: Session) -> set[tuple[str, int, int | None]]:
    return {(bar.symbol, bar.open_time, bar.trades) for bar in it.of(Kline)}


def published(it: Session) -> set[tuple[str, int, int]]:
    events = [data for stream, data in it.exchange.streams.published if stream.endswith("kline_1m")]
    return {(data["s"], data["k"]["t"] // 1000, data["k"]["n"]) for data in events}


def test_after_a_cut_its_symbols_are_said_to_be_connected_again(market: Market) -> None:
    async def run() -> None:
        async with session(market) as it:
            await it.watch()
            it.exchange.streams.cut()
            await it.until(lambda: len(it.of(Connected)) == 2)
            again = it.of(Connected)[1]
            assert again.symbols == ("BTCUSDT", "ETHUSDT")
            assert again.cause.startswith("connection lost: ")
            market.trade("BTCUSDT", "100")
            await it.until(lambda: it.of(Kline))

    asyncio.run(run())


def test_rule_03_after_five_cuts_the_number_of_sockets_is_the_configured_one() -> None:
    """Rule 3: reconnects do not double sockets."""
    market = invented(6)

    async def run() -> None:
        async with session(market, streams_per_connection=9) as it:
            await it.watch()
            assert live_sockets(it) == 2
            for cut in range(1, 6):
                it.exchange.streams.cut()
                await it.until(lambda cut=cut: it.exchange.streams.connected == 2 + 2 * cut)  # type: ignore[misc]
                await it.until(lambda: all(state.streams == 9 for state in it.adapter.connections()))
            await it.settled()
            assert live_sockets(it) == 2
            assert [state.reconnects for state in it.adapter.connections()] == [5, 5]
            market.trade("C000USDT", "100")
            await it.until(lambda: it.of(Kline))
            await it.settled()
            assert len(it.of(Kline)) == 1

    asyncio.run(run())


def test_rule_15_reconnects_back_off_and_obey_what_a_refused_handshake_asks(market: Market) -> None:
    """Rule 15: no tight loop of reconnects."""

    async def run() -> None:
        async with session(market, backoff=0.1, backoff_max=0.8) as it:
            await it.watch()
            attempts = it.exchange.streams.attempts
            attempts.clear()
            it.exchange.faults.refuse = Answer(503, {})
            it.exchange.streams.cut()
            await it.until(lambda: len(attempts) == 5)
            waits = [after - before for before, after in pairwise(attempts)]
            assert all(wait <= 1.2 for wait in waits)
            assert waits[-1] > waits[0] * 1.2
            assert sum(waits) > 0.1 + 0.2 + 0.4 + 0.4
            assert it.adapter.connections()[0].state in {"waiting", "connecting"}
            it.exchange.faults.refuse = Answer(429, {}, {"Retry-After": "2"})
            await it.until(lambda: len(attempts) == 6)
            it.exchange.faults.refuse = None
            await it.until(lambda: len(attempts) == 7)
            assert attempts[-1] - attempts[-2] >= 1.9
            await it.until(lambda: it.adapter.connections()[0].state == "open")

    asyncio.run(run())


def test_an_exchange_that_does_not_answer_commands_is_left_for_a_new_connection(market: Market) -> None:
    async def run() -> None:
        async with session(market, reply_timeout=0.2) as it:
            it.exchange.faults.deaf = True
            await it.adapter.watch(await it.adapter.symbols())
            await it.until(lambda: it.exchange.streams.connected >= 3)
            assert not it.of(Connected)
            it.exchange.faults.deaf = False
            await it.until(lambda: it.of(Connected))
            await it.until(lambda: live_sockets(it) == 1)

    asyncio.run(run())


def test_a_connection_that_says_nothing_at_all_is_replaced(market: Market) -> None:
    async def run() -> None:
        async with session(market, silence=0.4) as it:
            await it.watch()
            await it.until(lambda: len(it.of(Connected)) >= 2)
            assert "no message for" in it.of(Connected)[1].cause

    asyncio.run(run())


async def _announced(it: Session) -> None:
    await asyncio.sleep(0.5)
    it.exchange.shut_down()
    old = list(it.exchange.streams.clients)
    await asyncio.sleep(1.0)
    # The servers that said so go down, whoever is still there.
    await asyncio.gather(*(client.connection.close(1001) for client in old))


async def _daily(it: Session) -> None:
    await it.until(lambda: it.exchange.streams.connected >= 4)


@pytest.mark.parametrize(("lifetime", "happens"), [(1.0, _daily), (3600.0, _announced)], ids=["daily end", "shutdown"])
def test_rule_02_a_change_of_connections_misses_no_event_and_doubles_none(
    lifetime: float, happens: Callable[[Session], Any]
) -> None:
    """Rule 2: before the day is over the new socket is opened first; no event is missed, none comes twice."""
    market = invented(4)

    async def run() -> None:
        async with session(market, lifetime=lifetime, overlap=0.2) as it:
            await it.watch()
            trading = asyncio.create_task(trade_on(market, rate=300))
            await happens(it)
            await asyncio.sleep(0.3)
            trading.cancel()
            await asyncio.wait([trading])
            await it.until(lambda: live_sockets(it) == 1 or lifetime == 1.0)
            await it.settled()
            assert it.exchange.streams.connected >= 2
            assert told(it) == published(it)
            assert len(it.of(Kline)) == len(told(it)) > 100
            assert len(it.of(Connected)) == 1, "a change without a gap asks for no repair"
            assert it.adapter.counts()["repeated"] > 0, "both sockets were open at once"
            assert it.adapter.connections()[0].reconnects >= 1

    asyncio.run(run())


def test_a_change_that_comes_too_late_is_a_gap_and_says_so(market: Market) -> None:
    async def run() -> None:
        async with session(market) as it:
            await it.watch()
            it.exchange.faults.refuse = Answer(503, {})
            it.exchange.shut_down()
            await asyncio.sleep(0.3)
            it.exchange.streams.cut()
            await asyncio.sleep(0.3)
            it.exchange.faults.refuse = None
            await it.until(lambda: len(it.of(Connected)) == 2)
            await it.until(lambda: live_sockets(it) == 1)

    asyncio.run(run())


def test_an_end_before_the_new_connection_is_ready_is_a_gap_and_says_so(market: Market) -> None:
    async def run() -> None:
        async with session(market) as it:
            await it.watch()
            it.exchange.faults.slow = 0.6
            it.exchange.shut_down()
            await it.until(lambda: len(it.exchange.streams.attempts) == 2)
            it.exchange.streams.cut()
            await it.until(lambda: len(it.of(Connected)) == 2)
            assert it.of(Connected)[1].symbols == ("BTCUSDT", "ETHUSDT")
            assert it.of(Connected)[1].cause == "the exchange announced its shutdown"
            assert it.exchange.streams.connected == 2

    asyncio.run(run())


def test_an_exchange_that_announces_its_shutdown_at_once_each_time_is_not_asked_in_a_tight_loop(market: Market) -> None:
    async def run() -> None:
        async with session(market, backoff=0.5, backoff_max=5.0, overlap=0.0) as it:
            await it.watch()
            for _ in range(30):
                it.exchange.shut_down()
                await asyncio.sleep(0.1)
            assert it.exchange.streams.connected <= 7

    asyncio.run(run())


def test_symbols_added_during_a_change_are_said_to_be_connected(market: Market) -> None:
    async def run() -> None:
        async with session(market) as it:
            symbols = await it.adapter.symbols()
            await it.adapter.watch(symbols[:1])
            await it.until(lambda: it.of(Connected))
            it.exchange.faults.slow = 0.6
            it.exchange.shut_down()
            await it.until(lambda: len(it.exchange.streams.attempts) == 2)
            await it.adapter.watch(symbols)
            await it.until(lambda: len(it.of(Connected)) == 2)
            assert it.of(Connected)[1] == Connected(("ETHUSDT",), "subscribed")

    asyncio.run(run())
