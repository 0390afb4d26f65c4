import asyncio
import time
from itertools import count

import pytest

from app.providers.binance.inbox import Inbox
from app.providers.binance.novelty import NoveltyFilter
from app.providers.binance.provider import BinanceExchange
from app.providers.binance.settings import BinanceSettings
from app.providers.binance.wire import Message
from app.providers.exchange import Book, Connected, Event, Kline, Ticker
from tests.exchange.generator import invented, trade_some
from tests.exchange.server import Exchange

pytestmark = pytest.mark.slow

OPENED = 1_795_828_440


def bar(symbol: str = "A", opened: int = OPENED, trades: int = 1, close: int = 100, *, final: bool = False) -> Kline:
    return Kline(symbol, opened, close, close, close, close, trades, trades, final=final)


def ticker(symbol: str = "A", moment: int = 1) -> Ticker:
    return Ticker(symbol, moment, 100 + moment, 100, 200, 100, 1)


def emptied(inbox: Inbox) -> list[Event]:
    async def run() -> list[Event]:
        inbox.close()
        return [event async for event in inbox.read()]

    return asyncio.run(run())


def test_a_reader_that_keeps_up_gets_everything_in_order() -> None:
    inbox = Inbox(100)
    events: list[Event] = [Connected(("A",), "x"), bar(), ticker(), bar(trades=2), ticker(moment=2), bar(final=True)]
    for event in events:
        inbox.put(event)
    assert emptied(inbox) == events
    assert inbox.conflated == 0


def test_under_overload_the_newest_of_each_symbol_waits_and_no_final_candle_is_lost() -> None:
    inbox = Inbox(10)
    finals = [bar(f"S{number}", OPENED + minute * 60, final=True) for minute in range(50) for number in range(5)]
    for moment, final in zip(count(1), finals):
        inbox.put(final)
        for number in range(5):
            inbox.put(ticker(f"S{number}", moment))
            inbox.put(Book(f"S{number}", moment, moment + 1))
            inbox.put(bar(f"S{number}", OPENED + 6000, trades=moment))
    assert len(inbox) <= 10 + len(finals) + 3 * 5
    read = emptied(inbox)
    assert [event for event in read if isinstance(event, Kline) and event.final] == finals
    for number in range(5):
        newest = [event for event in read if isinstance(event, Ticker) and event.symbol == f"S{number}"][-1]
        assert newest.time == len(finals)
    assert inbox.conflated > 3000


def test_conflation_keeps_a_symbols_place_so_that_a_busy_one_is_read_too() -> None:
    inbox = Inbox(2)
    for event in (ticker("BUSY"), ticker("CALM"), ticker("BUSY", 2), ticker("BUSY", 3)):
        inbox.put(event)
    assert emptied(inbox) == [ticker("BUSY", 3), ticker("CALM")]


def test_a_conflated_candle_of_a_new_minute_does_not_overtake_the_end_of_the_one_before() -> None:
    inbox = Inbox(1)
    events = [bar(), bar(final=True), bar(opened=OPENED + 60)]
    for event in events:
        inbox.put(event)
    assert emptied(inbox) == events[1:]


def test_what_a_connection_failed_of_reaches_the_reader_after_the_events() -> None:
    async def run() -> list[Event]:
        inbox = Inbox(10)
        inbox.put(ticker())
        inbox.fail(RuntimeError("a fault of ours"))
        reading = inbox.read()
        first = await anext(reading)
        with pytest.raises(RuntimeError, match="a fault of ours"):
            await anext(reading)
        return [first]

    assert asyncio.run(run()) == [ticker()]


def passed(*events: tuple[Event, int]) -> list[Event]:
    news = NoveltyFilter()
    return [event for event, mark in events if not isinstance(event, Connected) and news.passes(Message(event, mark))]


def test_of_two_sockets_that_bring_the_same_each_event_passes_once() -> None:
    told = [(bar(trades=trades), 0) for trades in range(1, 6)] + [(bar(trades=5, final=True), 0)]
    assert passed(*told, *told[2:]) == [event for event, _ in told]
    assert passed(*(pair for pair in told for _ in range(2))) == [event for event, _ in told]


def test_a_late_final_candle_passes_after_the_next_one_has_begun() -> None:
    late = bar(final=True)
    assert passed((bar(opened=OPENED + 60), 0), (late, 0), (late, 0)) == [bar(opened=OPENED + 60), late]


def test_a_final_candle_with_other_figures_replaces_and_so_passes() -> None:
    first, mended = bar(final=True), bar(close=101, final=True)
    assert passed((first, 0), (mended, 0)) == [first, mended]


def test_tickers_and_books_do_not_go_back() -> None:
    assert passed((ticker(moment=2), 2), (ticker(moment=1), 1), (Book("A", 1, 2), 9), (Book("A", 1, 3), 9)) == [
        ticker(moment=2),
        Book("A", 1, 2),
    ]


def test_a_slow_reader_costs_no_final_candle_and_no_connection() -> None:
    """Twenty symbols, ten minutes, a thousand trades each minute, and nobody reads until all is over."""
    market = invented(20)

    async def run() -> None:
        async with Exchange(market) as exchange:
            settings = BinanceSettings(rest_url=exchange.url, stream_url=exchange.stream_url, queue=500)
            adapter = BinanceExchange(settings)
            await adapter.watch(await adapter.symbols())
            async with asyncio.timeout(20):
                while not any(len(client.streams) == 60 for client in exchange.streams.clients):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            for minute in range(10):
                trade_some(market, 1000, seed=minute)
                market.next_minute()
                await asyncio.sleep(0.05)
            sent = {
                (data["s"], data["k"]["t"] // 1000)
                for stream, data in exchange.streams.published
                if stream.endswith("kline_1m") and data["k"]["x"]
            }
            total = len(exchange.streams.published)
            deadline = time.monotonic() + 20
            while adapter.connections()[0].messages < total and time.monotonic() < deadline:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            assert adapter.connections()[0].messages == total
            assert adapter.connections()[0].reconnects == 0
            assert adapter.counts()["conflated"] > 10_000
            await adapter.aclose()
            read = [event async for event in adapter.events()]
            assert {
                (event.symbol, event.open_time) for event in read if isinstance(event, Kline) and event.final
            } == sent
            assert len(read) < 1000

    asyncio.run(run())
