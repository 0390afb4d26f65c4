"""How quickly pages' data and JSON come, next to the same bytes from memory through the same server, in the same run.

    python -m tests.bench.bench_http [--data-dir DIR] [--seconds 2] [--rounds 5] [--encoding br]

Three routes, asked hot (one address) and varied (200 items, windows, orders, filters), by a process of its own over 8
connections, while 300 prices a second change. The floor is a route of the same server that answers the same bytes from memory behind the same hooks,
headers and compression. The goal is a p99 under 25 ms and 0.5 of the floor's rate. A kept data folder saves the loading.
Rates of a busy machine say little; the server's own CPU time a request, next to the floor's, says more. Best of the rounds.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlencode

import psutil

from app.items.screener import query as screener_query
from db.core.pool import Database
from db.embedded.servers import Embedded
from tests.bench.http_load import Ask, Measured, load
from tests.bench.http_market import load as load_market
from tests.conftest import ROOT, free_port

VARIED_ITEMS = 200
TRADES_A_SECOND = 300
TRADES = """
UPDATE price_latest SET price = price + 1, time = now()
WHERE (item_id, source) IN (SELECT item_id, source FROM price_latest ORDER BY random() LIMIT %s)
"""
RANKINGS = ("return_volatility", "percent_change", "trend_score", "sharpe", "coefficient_of_variation", "volume")
WORDS = ("ak-47", "case", "sticker", "redline", "karambit", "souvenir", "music kit", "graffiti", "stattrak", "doppler")


def history(ids: Sequence[int]) -> dict[str, list[Ask]]:
    """An item's past: a month of one, and 200 items in every window."""
    windows = ("1h", "24h", "7d", "30d", "all")
    return {
        "hot": [Ask(f"/api/v1/items/{ids[0]}/history?window=30d")],
        "varied": [Ask(f"/api/v1/items/{item}/history?window={window}") for item in ids for window in windows],
    }


def rankings() -> dict[str, list[Ask]]:
    """The volatile: the usual question, and every combination of measure, window, order and some lengths."""
    return {
        "hot": [Ask("/api/v1/rankings/volatile")],
        "varied": [
            Ask(f"/api/v1/rankings/volatile?metric={metric}&window={window}&order={order}&limit={limit}")
            for metric in RANKINGS
            for window in ("24h", "7d", "30d")
            for order in ("desc", "asc")
            for limit in (20, 50, 100)
        ],
    }


def screener() -> dict[str, list[Ask]]:
    """What the grid asks for: the first block, and 200 mixes of window, order, filter and place."""
    chance = random.Random(1)
    asks = [Ask("/api/v1/screener?start=0&limit=100")]
    for _ in range(VARIED_ITEMS):
        query = {"window": chance.choice(("24h", "7d", "30d"))}
        if chance.random() < 0.5:
            query["q"] = chance.choice(WORDS)
        if chance.random() < 0.3:
            query["price_min"] = str(chance.choice((0.1, 1, 10)))
        query["sort"] = chance.choice(("", "-")) + chance.choice(screener_query.SORTS)
        query["start"] = str(chance.choice((0, 0, 100, 200)))
        asks.append(Ask(f"/api/v1/screener?{urlencode(query)}"))
    return {"hot": asks[:1], "varied": asks[1:]}


@contextmanager
def serving(data_dir: Path) -> Iterator[tuple[int, psutil.Process]]:
    """The server, warm, in a process of its own; its port and process."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.http_server", "--data-dir", str(data_dir), "--port", str(port)], cwd=ROOT
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/rankings/volatile", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def floors(asks: Sequence[Ask]) -> list[Ask]:
    """The same requests, answered from memory."""
    return [replace(ask, path="/floor" + ask.path) for ask in asks]


def fill(port: int, asks: Sequence[Ask]) -> None:
    """Ask each once, which is when the floor takes its bytes."""
    for ask in asks:
        headers = {"Content-Type": "application/json"} if ask.body else {}
        request = urllib.request.Request(f"http://127.0.0.1:{port}{ask.path}", ask.body or None, headers)
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310  # our own server


def liquid(data_dir: Path) -> list[int]:
    """200 items with a long history, among all that have one."""
    database = Database(Embedded(data_dir).endpoints().database_url, size=1)
    rows = database.rows("SELECT item_id FROM price_24h GROUP BY 1 HAVING count(*) > 100 ORDER BY 1")
    database.close()
    return random.Random(1).sample([row["item_id"] for row in rows], VARIED_ITEMS)


@dataclass(frozen=True)
class Best:
    """Of several rounds of one kind: the quickest, the least p99, and the least CPU time a request, in seconds."""

    run: Measured
    p99: float
    cpu: float


def measure(port: int, server: psutil.Process, asks: Sequence[Ask], options: argparse.Namespace) -> tuple[Best, Best]:
    """The route and its floor, in turns."""
    fill(port, floors(asks))
    runs: dict[str, list[tuple[Measured, float]]] = {"route": [], "floor": []}
    for _ in range(options.rounds):
        for kind, asked in (("floor", floors(asks)), ("route", list(asks))):
            begun = sum(server.cpu_times()[:2])
            run = load(port, asked, options.seconds, options.encoding)
            runs[kind].append((run, (sum(server.cpu_times()[:2]) - begun) / len(run.latencies)))
    route, floor = (
        Best(
            max((run for run, _ in found), key=lambda run: run.rate),
            min(run.percentile(0.99) for run, _ in found),
            min(cpu for _, cpu in found),
        )
        for found in runs.values()
    )
    return route, floor


@contextmanager
def trading(data_dir: Path) -> Iterator[None]:
    """Changing prices, as a live market's: what is kept in memory grows old."""
    database = Database(Embedded(data_dir).endpoints().database_url, size=1)
    ended = Event()

    def trade() -> None:
        while not ended.wait(1):
            database.execute(TRADES, [TRADES_A_SECOND])

    thread = Thread(target=trade)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        database.close()


def run(data_dir: Path, options: argparse.Namespace) -> None:
    ids = liquid(data_dir)
    routes = {"history": history(ids), "rankings/volatile": rankings(), "screener": screener()}
    print(f"{'route':<26}{'req/s':>8}{'p50 ms':>8}{'p99 ms':>8}{'kB':>7}{'CPU ms':>8}   of the floor:", end="")
    print(f"{'req/s':>8}{'p99 ms':>8}{'CPU ms':>8}{'ratio':>7}{'by CPU':>8}")
    with trading(data_dir), serving(data_dir) as (port, server):
        for name, kinds in routes.items():
            for kind, asks in kinds.items():
                if not options.only or options.only in f"{name}, {kind}":
                    say(f"{name}, {kind}", *measure(port, server, asks, options))


def say(name: str, ours: Best, floor: Best) -> None:
    """One line of the table."""
    print(f"{name:<26}{ours.run.rate:>8.0f}{ours.run.percentile(0.5) * 1000:>8.1f}{ours.p99 * 1000:>8.1f}", end="")
    print(
        f"{ours.run.size / 1000:>7.1f}{ours.cpu * 1000:>8.2f}{'':16}{floor.run.rate:>8.0f}{floor.p99 * 1000:>8.1f}",
        end="",
    )
    print(f"{floor.cpu * 1000:>8.2f}{ours.run.rate / floor.run.rate:>7.2f}{floor.cpu / ours.cpu:>8.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data-dir", type=Path, help="filled if it is empty, and kept")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--encoding", default="br", help="what the clients accept; empty for no compression")
    parser.add_argument("--only", help="part of a route's name")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = options.data_dir or Path(folder) / "data"
        empty = not (data_dir / "postgres").exists()
        embedded = Embedded(data_dir).start()
        try:
            if empty:
                begun = time.monotonic()
                load_market(data_dir, datetime.now(UTC))
                print(f"a market of {len(liquid(data_dir)):,} … loaded in {time.monotonic() - begun:.0f} s")
            run(data_dir, options)
        finally:
            embedded.stop()


if __name__ == "__main__":
    main()
