"""Binance columns: reads plain lines of a dump into arrays at once, exactly; no float in between."""

from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import csv

from app.analytics.arrays import Bools, Ints
from app.providers.binance.units import AHEAD, INTERVALS, MICROSECONDS, MONDAY, OPENED
from app.providers.exchange import Symbol
from db.candles.columns import CandleColumns

_AHEAD_MS: Final = int(AHEAD.total_seconds()) * 1000
_DIGITS: Final = 8
_MOST_TRADES: Final = 2**53
_AMOUNT = pa.decimal128(28, _DIGITS)
"""The exchange writes eight digits after the point."""
_TYPES = {
    "open_time": pa.int64(),
    "open": _AMOUNT,
    "high": _AMOUNT,
    "low": _AMOUNT,
    "close": _AMOUNT,
    "volume": _AMOUNT,
    "close_time": pa.int64(),
    "trades": pa.int64(),
}
NAMES: Final = (
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "trades",
    "taker_volume",
    "taker_quote_volume",
    "ignored",
)
"""Columns of a dump, as `/api/v3/klines` has them."""


def parse(data: bytes, lines: int, symbol: Symbol, interval: str, now: int) -> tuple[CandleColumns, Bools] | None:
    """Candles of so many whole lines, a row each, and which rows `wire.kline_row` would understand and call final.

    The same numbers as it makes, many at once: the others are left to it, for the reason why not. `now` is in milliseconds. None
    where the lines are no table of numbers: then each is left to it.
    """
    table = _table(data)
    if table is None or table.num_rows != lines:
        return None
    fits: Bools = np.ones(lines, dtype=bool)
    prices = [_amounts(table, name, symbol.price_scale, fits) for name in ("open", "high", "low", "close")]
    opened, high, low, close = prices
    fits &= (low > 0) & (low <= np.minimum(opened, close)) & (np.maximum(opened, close) <= high)
    volume = _amounts(table, "volume", symbol.volume_scale, fits)
    trades = _integers(table, "trades")
    fits &= (trades >= 0) & (trades < _MOST_TRADES)
    seconds = _open_times(_integers(table, "open_time"), interval, now, fits)
    closed = _integers(table, "close_time")
    closed = np.where(closed >= MICROSECONDS, closed // 1000, closed)
    fits &= (closed >= OPENED) & (closed < now)
    return CandleColumns(seconds, opened, high, low, close, volume, trades), fits


def _table(data: bytes) -> Any | None:
    try:
        return csv.read_csv(
            pa.BufferReader(data),
            read_options=csv.ReadOptions(use_threads=False, column_names=NAMES, block_size=len(data) + 1),
            parse_options=csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=_TYPES, include_columns=list(_TYPES), null_values=[], check_utf8=False
            ),
        )
    except pa.ArrowInvalid:
        return None


def _words(table: Any, name: str, size: int) -> Ints:
    """A column as 64-bit words, `size` of them a value, of shape (n, size)."""
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype=np.int64).reshape(-1, size)[chunk.offset : chunk.offset + len(chunk)]
        for chunk in table[name].chunks
    ]
    found: Ints = np.concatenate(parts)
    return found


def _integers(table: Any, name: str) -> Ints:
    found: Ints = _words(table, name, 1)[:, 0]
    return found


def _amounts(table: Any, name: str, scale: int, fits: Bools) -> Ints:
    """Decimals in minor units, rounded half to even; those beyond 64 bits do not fit."""
    words = _words(table, name, 2)  # the lower one first
    units = words[:, 0]
    fits &= (words[:, 1] == 0) & (units >= 0)
    digits = len(str(scale)) - 1
    if digits > _DIGITS:
        more = 10 ** (digits - _DIGITS)
        fits &= units <= np.iinfo(np.int64).max // more
        finer: Ints = units * more
        return finer
    coarse = 10 ** (_DIGITS - digits)
    whole, rest = np.divmod(units, coarse)
    up = (2 * rest > coarse) | ((2 * rest == coarse) & (whole % 2 == 1))
    rounded: Ints = whole + up
    return rounded


def _open_times(given: Ints, interval: str, now: int, fits: Bools) -> Ints:
    """Seconds of times in milliseconds or microseconds; off the grid, or before 2017 and after tomorrow, they do not fit."""
    unit = np.where(given >= MICROSECONDS, 1_000_000, 1000)
    seconds, rest = np.divmod(given, unit)
    shift = MONDAY if interval == "1w" else 0
    fits &= (rest == 0) & ((seconds - shift) % INTERVALS[interval] == 0)
    fits &= (seconds * 1000 >= OPENED) & (seconds * 1000 <= now + _AHEAD_MS)
    return seconds
