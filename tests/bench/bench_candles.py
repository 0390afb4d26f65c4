"""How quickly candles come as JSON, next to the same bytes from memory through the same server, in the same run.

    python -m tests.bench.bench_candles [--seconds 2] [--rounds 3] [--encoding br]

600 and 5,000 candles of a minute, asked for over 8 connections by a process of its own: hot is one address, varied are 2,000
(20 pairs, 100 ends each), so that next to none is answered from the cache of a second. The goal for 600 is a p99 under 10 ms and 0.5 of the
floor's rate; of a busy machine the CPU time a request says more than both.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from db.candles import store, symbols
from db.candles.columns import CandleColumns
from db.candles.symbols import PairRow
from db.core import migrate
from db.core.pool import Database
from db.embedded.servers import Embedded
from tests.bench.bench_http import measure, say, serving
from tests.bench.http_load import Ask

PAIRS, MINUTES, ENDS = 20, 8_000, 100
MINUTE = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--encoding", default="br", help="what the clients accept; empty for no compression")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        embedded = Embedded(data_dir).start()
        try:
            end = load_pairs(embedded.endpoints().database_url)
            print(f"{'route':<26}{'req/s':>8}{'p50 ms':>8}{'p99 ms':>8}{'kB':>7}{'CPU ms':>8}   of the floor:", end="")
            print(f"{'req/s':>8}{'p99 ms':>8}{'CPU ms':>8}{'ratio':>7}{'by CPU':>8}")
            with serving(data_dir) as (port, server):
                for limit in (600, 5_000):
                    asks = candles(limit, end)
                    say(f"{limit} candles, hot", *measure(port, server, asks[:1], options))
                    say(f"{limit} candles, varied", *measure(port, server, asks, options))
        finally:
            embedded.stop()


def candles(limit: int, end: int) -> list[Ask]:
    """Each pair's minutes up to each of the last hundred."""
    return [
        Ask(f"/api/v1/candles?symbol=P{pair:02d}USDT&interval=1m&limit={limit}&to={1000 * (end - MINUTE * back)}")
        for pair in range(PAIRS)
        for back in range(ENDS)
    ]


def load_pairs(database_url: str) -> int:
    """Random walks of a minute; returns when they end."""
    migrate.upgrade(database_url)
    chance = np.random.default_rng(1)
    end = int(time.time()) // MINUTE * MINUTE
    opened = end + MINUTE * np.arange(-MINUTES, 0)
    pairs = [PairRow(f"P{pair:02d}USDT", f"P{pair:02d}", "USDT", 100, 100_000, "trading", 500) for pair in range(PAIRS)]
    database = Database(database_url, size=1)
    with database.connection() as connection:
        with connection.transaction():
            ids = symbols.save(connection, "binance:spot", "binance", pairs)
        for pair in pairs:
            close = 5_000_000 + np.cumsum(chance.integers(-900, 900, MINUTES))
            first = np.concatenate([close[:1], close[:-1]])
            wick = chance.integers(0, 500, MINUTES)
            high, low = np.maximum(first, close) + wick, np.minimum(first, close) - wick
            trades = chance.integers(1, 900, MINUTES)
            made = CandleColumns(opened, first, high, low, close, 1_234 * trades, trades)
            store.make_partitions(connection, made)
            with connection.transaction():
                store.store_item(connection, "binance", ids[pair.symbol], made)
        connection.execute("ANALYZE")
    database.close()
    return end


if __name__ == "__main__":
    main()
