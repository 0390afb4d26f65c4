"""Recorded replies, read where they lie; they are not part of this project."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from app.providers.binance import wire
from app.providers.exchange import Book, Kline
from tests.conftest import DATA

NOW = 1_795_828_440_000


def recorded(name: str) -> Path:
    path = DATA / "binance" / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path


def reply(name: str) -> Any:
    return json.loads(recorded(name).read_text(encoding="utf-8"))


def lines(name: str) -> list[str]:
    return gzip.decompress(recorded(name).read_bytes()).decode().splitlines()


def exchange_info() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(lines("BINANCE.0_exchangeInfo.txt.gz")[0].split(": ", 1)[1])["symbols"]
    return entries


def test_recorded_exchange_info_is_read() -> None:
    symbols = {entry["symbol"]: wire.symbol(entry) for entry in reply("rest_exchange_info.json")["symbols"]}
    assert (symbols["BTCUSDT"].price_scale, symbols["BTCUSDT"].volume_scale) == (100, 100_000)
    assert symbols["BTCUSDT"].min_notional == 1000


def test_the_whole_recorded_list_of_symbols_is_read() -> None:
    entries = exchange_info()
    symbols = [wire.symbol(entry) for entry in entries]
    assert len(symbols) == len({symbol.symbol for symbol in symbols}) > 1500
    told = Counter(entry["status"] for entry in entries)
    assert Counter(symbol.status for symbol in symbols) == {
        "trading": told["TRADING"],
        "halted": sum(told.values()) - told["TRADING"],
    }


def test_recorded_candles_are_read_digit_for_digit() -> None:
    btc = next(
        wire.symbol(entry) for entry in reply("rest_exchange_info.json")["symbols"] if entry["symbol"] == "BTCUSDT"
    )
    rows = reply("rest_klines.json")
    bars = [wire.kline_row(row, btc, "1m", NOW) for row in rows]
    assert [bar.open_time * 1000 for bar in bars] == [row[0] for row in rows]
    for bar, row in zip(bars, rows, strict=True):
        assert f"{bar.close // 100}.{bar.close % 100:02d}000000" == row[4]
        assert f"{bar.volume // 100_000}.{bar.volume % 100_000:05d}000" == row[5]
        assert bar.trades == row[8]


def test_the_recorded_stream_is_read() -> None:
    symbols = {entry["symbol"]: wire.symbol(entry) for entry in exchange_info()}
    kinds: Counter[type | None] = Counter()
    for line in lines("BINANCE.ws.1.0.txt.gz"):
        _, colon, text = line.partition(": ")
        if not colon or not text.startswith('{"stream"'):
            continue  # the address, and what the recorder was asked for
        message = json.loads(text)
        read = wire.stream_event(message["stream"], message["data"], symbols)
        kinds[None if read is None else type(read.event)] += 1
    assert kinds == {Book: 84, Kline: 2, None: 179}
