"""A month of minutes of some pairs in a test's database, and what pandas makes of them: written apart from the program."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from db.candles import store, symbols
from db.candles.columns import FIELDS, CandleColumns
from db.core.pool import Database

AS_OF = datetime(2026, 3, 31, 10, 37, 30, tzinfo=UTC)
DAYS = 32
SOURCE = "binance"
WINDOWS = {"1h": ("5min", 12), "24h": ("1h", 24), "7d": ("1h", 168), "30d": ("1h", 720)}


@dataclass(frozen=True, slots=True)
class TestPair:
    """One pair: `hole` are hours before AS_OF, [from, to), in which it was not traded."""

    base: str
    quote: str
    price: float
    spread: float
    volume: int
    price_scale: int = 100
    volume_scale: int = 1000
    hole: tuple[int, int] | None = None
    __test__ = False

    @property
    def symbol(self) -> str:
        return self.base + self.quote


PAIRS = (
    TestPair("BTC", "USDT", 64_000.0, 0.0006, 9_000),
    TestPair("ETH", "USDT", 3_100.0, 0.0009, 120_000, hole=(40, 37)),
    TestPair("SOL", "USDT", 150.0, 0.0014, 3_000_000),
    TestPair("ETH", "BTC", 0.048, 0.0005, 20_000, price_scale=1_000_000),
    TestPair("BTC", "EUR", 59_000.0, 0.0006, 4_000),  # nothing says what a euro is worth
    TestPair("DUST", "USDT", 0.00001234, 0.002, 50, price_scale=100_000_000),  # hardly any trade
)


@dataclass(slots=True)
class Exchange:
    """The pairs' items by symbol, and their minutes as frames in minor units."""

    items: dict[str, int] = field(default_factory=dict)
    minutes: dict[str, pd.DataFrame] = field(default_factory=dict)

    def closes(self, symbol: str, rule: str) -> pd.DataFrame:
        """Candles of the minutes that were over by AS_OF."""
        frame = self.minutes[symbol]
        over = frame[frame.index <= pd.Timestamp(AS_OF) - pd.Timedelta("1min")]
        how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
        return over.resample(rule).agg(how).dropna()

    def window(self, symbol: str, window: str) -> pd.DataFrame:
        """Those of one window: it ends with the bucket that contains AS_OF."""
        rule, buckets = WINDOWS[window]
        candles = self.closes(symbol, rule)
        last = pd.Timestamp(AS_OF).floor(rule)
        return candles[candles.index > last - buckets * pd.Timedelta(rule)]


def stored(database: Database, pairs: tuple[TestPair, ...] = PAIRS) -> Exchange:
    """Keep the pairs, and minutes of each until an hour after AS_OF."""
    made = Exchange()
    rows = [
        symbols.PairRow(one.symbol, one.base, one.quote, one.price_scale, one.volume_scale, "trading", None)
        for one in pairs
    ]
    with database.connection() as connection, connection.transaction():
        made.items = symbols.save(connection, "binance:spot", SOURCE, rows)
    for seed, pair in enumerate(pairs):
        made.minutes[pair.symbol] = _minutes(pair, seed)
        frame = made.minutes[pair.symbol]
        seconds = epoch_seconds(frame)
        columns = CandleColumns(seconds, *(frame[name].to_numpy(dtype=np.int64) for name in FIELDS[1:]))
        with database.connection() as connection:
            store.make_partitions(connection, columns)
            with connection.transaction():
                store.store_item(connection, SOURCE, made.items[pair.symbol], columns)
    return made


def epoch_seconds(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    """When each of its candles began."""
    return pd.DatetimeIndex(frame.index).as_unit("s").astype("int64").to_numpy()


def _minutes(pair: TestPair, seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    until = pd.Timestamp(AS_OF).floor("1min") + pd.Timedelta("1h")
    times = pd.date_range(until - pd.Timedelta(days=DAYS), until, freq="1min", inclusive="left")
    steps = draw.normal(0, pair.spread, len(times))
    close = np.maximum(1, np.rint(pair.price * pair.price_scale * np.exp(np.cumsum(steps)))).astype(np.int64)
    opened = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(opened, close) + draw.integers(0, 3, len(times))
    low = np.maximum(1, np.minimum(opened, close) - draw.integers(0, 3, len(times)))
    volume = draw.integers(0, 2 * pair.volume, len(times))
    frame = pd.DataFrame(
        {"open": opened, "high": high, "low": low, "close": close, "volume": volume, "trades": 7}, index=times
    )
    if pair.hole:
        since, until = (pd.Timestamp(AS_OF).floor("1h") - pd.Timedelta(hours=hours) for hours in pair.hole)
        frame = frame[(frame.index < since) | (frame.index >= until)]
    return frame
