import copy
from typing import Any

import pytest

from app.providers.binance import wire
from app.providers.binance.units import OffGridError, local_milliseconds
from app.providers.exchange import Book, Kline, Symbol, Ticker
from tests.exchange.market import Listing

BTC = Symbol("BTCUSDT", "BTC", "USDT", 100, 100_000, "trading", 500)
OPENED = 1_735_689_600
NOW = OPENED * 1000 + 60_000
PRICES = ["100.00000000", "102.00000000", "99.50000000", "101.25000000"]
ROW: list[Any] = [OPENED * 1000, *PRICES, "1.50000000", OPENED * 1000 + 59_999, "150.0", 7, "0.7", "70.0", "0"]
# Keys that differ by case alone hold other values.
EVENT: dict[str, Any] = {
    "e": "kline",
    "E": NOW,
    "s": "BTCUSDT",
    "k": {
        "t": OPENED * 1000,
        "T": OPENED * 1000 + 59_999,
        "s": "BTCUSDT",
        "i": "1m",
        "f": 1,
        "L": 7,
        "o": "100.00",
        "c": "101.25",
        "h": "102.00",
        "l": "99.50",
        "v": "1.5",
        "n": 7,
        "x": True,
        "q": "150.0",
        "V": "0.7",
        "Q": "70.0",
        "B": "0",
    },
}
BAR = Kline("BTCUSDT", OPENED, 10_000, 10_200, 9_950, 10_125, 150_000, 7, final=True)
TICKER = {
    "e": "24hrMiniTicker",
    "E": NOW,
    "s": "BTCUSDT",
    "c": "101.25",
    "o": "90",
    "h": "110",
    "l": "80",
    "v": "3",
    "q": "1",
}
BOOK = {"u": 42, "s": "BTCUSDT", "b": "101.20", "B": "5", "a": "101.30", "A": "6"}
WATCHED = {"BTCUSDT": BTC}


def test_a_symbol_gets_its_scales_from_tick_size_and_lot_step() -> None:
    assert wire.symbol(Listing("BTCUSDT", "BTC").entry()) == BTC


@pytest.mark.parametrize("status", ["HALT", "BREAK", "CANCEL_ONLY", "END_OF_DAY", "AUCTION_MATCH", "SOMETHING_NEW"])
def test_whatever_is_not_trading_is_halted(status: str) -> None:
    assert wire.symbol(Listing("BTCUSDT", "BTC", status=status).entry()).status == "halted"


def test_symbols_outside_of_ascii_are_read() -> None:
    assert wire.symbol(Listing("币安人生USDT", "币安人生").entry()).symbol == "币安人生USDT"


@pytest.mark.parametrize("key", ["symbol", "status", "baseAsset", "quoteAsset", "filters"])
def test_an_entry_without_what_matters_is_refused(key: str) -> None:
    entry = Listing("BTCUSDT", "BTC").entry()
    del entry[key]
    with pytest.raises(ValueError, match=r"is no|is not"):
        wire.symbol(entry)


def test_an_older_exchange_names_the_least_notional_otherwise() -> None:
    entry = Listing("BTCUSDT", "BTC").entry()
    entry["filters"][2] = {"filterType": "MIN_NOTIONAL", "minNotional": "10.00000000"}
    assert wire.symbol(entry).min_notional == 1000
    del entry["filters"][2]
    assert wire.symbol(entry).min_notional is None


def test_a_row_is_read_in_milliseconds_and_in_microseconds() -> None:
    fine = [ROW[0] * 1000, *ROW[1:6], ROW[6] * 1000 + 999, *ROW[7:]]
    assert wire.kline_row(ROW, BTC, "1m", NOW) == wire.kline_row(fine, BTC, "1m", NOW) == BAR


@pytest.mark.parametrize(("now", "final"), [(NOW - 30_000, False), (NOW - 1, False), (NOW, True)])
def test_a_row_that_closes_at_or_after_the_exchanges_time_is_not_final(now: int, *, final: bool) -> None:
    assert wire.kline_row(ROW, BTC, "1m", now).final is final


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_rule_12_a_row_with_a_price_of_zero_is_refused(at: int) -> None:
    """Rule 12: 0 is no price."""
    row = copy.copy(ROW)
    row[at] = "0.00000000"
    with pytest.raises(ValueError, match="is no price"):
        wire.kline_row(row, BTC, "1m", NOW)


@pytest.mark.parametrize(
    "row", [None, "text", [], {}, ROW[:8], [*ROW[:4], 101.25, *ROW[5:]], [*ROW[:3], "101", *ROW[4:]], [*ROW[:8], -1]]
)
def test_a_row_that_is_not_understood_is_refused(row: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has a message of its own
        wire.kline_row(row, BTC, "1m", NOW)


def test_a_row_off_the_grid_is_told_apart() -> None:
    with pytest.raises(OffGridError):
        wire.kline_row([ROW[0] + 1000, *ROW[1:]], BTC, "1m", NOW)


def test_the_three_kinds_of_events_are_read() -> None:
    assert wire.stream_event("btcusdt@kline_1m", EVENT, WATCHED) == wire.Message(BAR, NOW)
    ticker = Ticker("BTCUSDT", NOW, 10_125, 9_000, 11_000, 8_000, 300_000)
    assert wire.stream_event("btcusdt@miniTicker", TICKER, WATCHED) == wire.Message(ticker, NOW)
    assert wire.stream_event("btcusdt@bookTicker", BOOK, WATCHED) == wire.Message(Book("BTCUSDT", 10_120, 10_130), 42)


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        ("btcusdt@blockTrade", {"e": "blockTrade", "s": "BTCUSDT", "p": "1"}),
        ("btcusdt@referencePrice", {"e": "referencePrice", "s": "BTCUSDT"}),
        ("btcusdt@kline_1m", {**EVENT, "e": "klineOfTomorrow"}),
        ("btcusdt@kline_5m", EVENT),
        ("btcusdt@miniTicker", {**TICKER, "e": "somethingElse"}),
        ("ethusdt@kline_1m", {**EVENT, "s": "ETHUSDT"}),
        ("!miniTicker@arr", {"e": "x"}),
        ("", {}),
    ],
)
def test_events_that_are_unknown_or_not_asked_for_are_ignored(stream: str, data: dict[str, Any]) -> None:
    assert wire.stream_event(stream, data, WATCHED) is None


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        ("btcusdt@kline_1m", {**EVENT, "k": None}),
        ("btcusdt@kline_1m", {**EVENT, "k": {**EVENT["k"], "c": "0"}}),
        ("btcusdt@kline_1m", {**EVENT, "k": {key.lower(): value for key, value in EVENT["k"].items()}}),
        ("btcusdt@kline_1m", {**EVENT, "E": local_milliseconds() * 2}),
        ("btcusdt@miniTicker", {**TICKER, "c": "0.00000000"}),
        ("btcusdt@miniTicker", {"e": "24hrMiniTicker", "s": "BTCUSDT"}),
        ("btcusdt@bookTicker", {**BOOK, "b": "0.00000000"}),
        ("btcusdt@bookTicker", {**BOOK, "u": "42"}),
    ],
)
def test_events_that_are_not_understood_are_refused(stream: str, data: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has a message of its own
        wire.stream_event(stream, data, WATCHED)
