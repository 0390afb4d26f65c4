"""The simulated exchange: one market however it is read, and a stream that says the same as its past."""

import asyncio
from typing import Any

import pytest

from app.providers.demo.exchange import DemoExchange
from app.providers.exchange import Book, Connected, Event, Kline, Symbol, Ticker, scaled
from app.providers.settings import ProviderSettings

NOON = 1_780_000_020  # a whole minute


class Clock:
    """Time that a test moves."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def settings(**extras: Any) -> ProviderSettings:
    return ProviderSettings(base_url=None, key=None, interval=None, timeout=None, extras=extras)


def symbols(exchange: DemoExchange) -> list[Symbol]:
    return asyncio.run(exchange.symbols())


def klines(exchange: DemoExchange, symbol: Symbol, interval: str, start: int, end: int) -> list[Kline]:
    return asyncio.run(exchange.klines(symbol, interval, start, end))


def test_twenty_pairs_or_as_many_as_are_wanted() -> None:
    assert len(symbols(DemoExchange())) == 20
    assert [one.symbol for one in symbols(DemoExchange(settings(pairs=2)))] == ["BTCUSDT", "ETHUSDT"]
    assert symbols(DemoExchange(settings(pairs=0))) == []
    for one in symbols(DemoExchange()):
        assert one.symbol == one.base + one.quote
        assert one.min_notional == 5 * one.price_scale


def test_the_same_seed_is_the_same_market() -> None:
    clock = Clock(NOON + 30)
    first, again, other = (DemoExchange(settings(seed=seed), clock=clock) for seed in (1, 1, 2))
    pair = symbols(first)[0]
    span = ("1m", NOON - 3_600, NOON + 60)
    assert klines(first, pair, *span) == klines(again, pair, *span)
    assert klines(first, pair, *span) != klines(other, pair, *span)


@pytest.mark.parametrize("interval", ["1m", "1h"])
def test_candles_are_whole_and_the_last_one_is_not_final(interval: str) -> None:
    width = {"1m": 60, "1h": 3_600}[interval]
    exchange = DemoExchange(clock=Clock(NOON + 30))
    for pair in symbols(exchange):
        found = klines(exchange, pair, interval, NOON - 50 * width, NOON + width)
        assert [one.final for one in found] == [True] * (len(found) - 1) + [False]
        assert [one.open_time for one in found] == [found[0].open_time + at * width for at in range(len(found))]
        for one in found:
            assert one.open_time % width == 0
            assert 0 < one.low <= min(one.open, one.close) <= max(one.open, one.close) <= one.high
            assert one.volume >= 0


def test_a_long_past_equals_its_parts() -> None:
    exchange = DemoExchange(clock=Clock(NOON))
    pair = symbols(exchange)[3]
    whole = klines(exchange, pair, "1m", NOON - 4_000 * 60, NOON)
    parts = [
        one
        for at in range(NOON - 4_000 * 60, NOON, 1_000 * 60)
        for one in klines(exchange, pair, "1m", at, at + 60_000)
    ]
    assert whole == parts
    assert len(whole) == 4_000


def test_the_stream_says_what_the_past_will_say() -> None:
    clock = Clock(NOON - 2)
    exchange = DemoExchange(settings(pairs=3), clock=clock)
    found = asyncio.run(listen(exchange, clock, 70))
    pairs = {one.symbol: one for one in symbols(exchange)}
    assert found[0] == Connected(("BTCUSDT", "ETHUSDT", "BNBUSDT"), "start")
    finals = [event for event in found if isinstance(event, Kline) and event.final]
    assert [(one.symbol, one.open_time) for one in finals] == [
        (symbol, at) for at in (NOON - 60, NOON) for symbol in ("BTCUSDT", "ETHUSDT", "BNBUSDT")
    ]
    for one in finals:
        assert klines(exchange, pairs[one.symbol], "1m", one.open_time, one.open_time + 60) == [one]
    tickers = [event for event in found if isinstance(event, Ticker) and event.symbol == "ETHUSDT"]
    assert len(tickers) == 14
    assert all(one.low <= one.price <= one.high for one in tickers)
    prices = [one.price for one in tickers if NOON <= one.time // 1000 < NOON + 60]
    minute = finals[-2]
    assert (prices[0], max(prices), min(prices), prices[-1]) == (minute.open, minute.high, minute.low, minute.close)
    for ticker in tickers:
        day = whole_day(pairs["ETHUSDT"], ticker.time // 1000)
        assert (ticker.open, ticker.volume) == (day[0].open, sum(bar.volume for bar in day))
        assert (ticker.high, ticker.low) == (max(bar.high for bar in day), min(bar.low for bar in day))
    books = [event for event in found if isinstance(event, Book)]
    assert all(one.bid < one.ask for one in books)
    assert exchange.connections()[0].messages == len(found) - 1


def whole_day(symbol: Symbol, second: int) -> list[Kline]:
    """The 1,440 minutes before a second's own, and that one as far as it had come."""
    then = DemoExchange(settings(pairs=3), clock=Clock(second))
    return klines(then, symbol, "1m", second // 60 * 60 - 86_400, second + 1)


async def listen(exchange: DemoExchange, clock: Clock, seconds: int) -> list[Event]:
    """Everything said in so many seconds of the clock, which runs twenty times as fast as ours."""
    await exchange.watch(await exchange.symbols())
    until = clock.now + seconds

    async def move() -> None:
        while clock.now < until:
            await asyncio.sleep(0.05)
            clock.now += 1
        await exchange.aclose()

    mover = asyncio.create_task(move())
    found = [event async for event in exchange.events()]
    await mover
    return found


@pytest.mark.parametrize(
    ("text", "scale", "expected"),
    [
        ("0.01", 100, 1),
        ("104930.22000000", 100, 10_493_022),
        ("0.00000001", 10**8, 1),
        ("-1.5", 10, -15),
        ("1e-2", 100, 1),
    ],
)
def test_decimals_become_integers(text: str, scale: int, expected: int) -> None:
    assert scaled(text, scale) == expected


@pytest.mark.parametrize(
    ("text", "scale", "reason"),
    [
        ("0.001", 100, "more digits"),
        ("x", 100, "no decimal"),
        ("NaN", 100, "more digits"),
        ("Infinity", 1, "more digits"),
        ("1e30", 100, "too large"),
    ],
)
def test_what_is_no_such_decimal_is_refused(text: str, scale: int, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        scaled(text, scale)
