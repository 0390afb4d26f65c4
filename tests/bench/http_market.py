"""A market of 30,000 items to measure on: recorded where the recordings are at hand, else invented."""

import csv
import gzip
import io
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.conftest import ROOT
from tests.upstream.data import SHARED, Item, World, load_snapshot, snapshots, synthetic
from tests.upstream.server import running

ITEMS = 30_000
PAST = 900
HOURS, DAYS = 720, 2_000
"""Of an invented history: hourly points of the last 30 days and daily ones before, as Steam gives them."""
FORMAT = "%Y-%m-%d %H:%M:%S"


def load(data_dir: Path, now: datetime) -> None:
    """History, the quotes of two snapshots, and the measures, by the program's own commands.

    The history is moved in time so that it ends `now`: else every window but "all" would be empty, and quick to answer.
    """
    settings = {
        "TRACERA_PROVIDERS": "steam",
        "TRACERA_STEAM_REQUESTS_PER_MINUTE": "0",
        "TRACERA_STEAM_PAGE_SIZE": "500",
    }
    history = data_dir / "history.csv.gz"
    recorded = SHARED / "steam_pricehistory_1.csv.gz"
    write(history, moved(recorded, now) if recorded.exists() else invented(now))
    command(data_dir, "backfill", str(history), "--source", "steam", **settings)
    history.unlink()
    markets = [load_snapshot(path) for path in snapshots()[-2:]] or [invented_items(1), invented_items(2)]
    world = World(markets[0], page_size=500)
    with running(world) as (url, _):
        for items in markets:
            world.replace(items)
            command(data_dir, "ingest", **settings, TRACERA_STEAM_URL=url)
    command(data_dir, "metrics", **settings)


def command(data_dir: Path, *arguments: str, **settings: str) -> None:
    """Run one of the program's commands on a data folder."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("TRACERA_")}
    subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT,
        env=known | {"TRACERA_DATA_DIR": str(data_dir)} | settings,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def write(path: Path, rows: Iterator[tuple[str, str, str, str]]) -> None:
    """A price-history file."""
    with gzip.open(path, "wt", compresslevel=1, encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("market_hash_name", "date", "price", "volume"))
        writer.writerows(rows)


def moved(path: Path, now: datetime) -> Iterator[tuple[str, str, str, str]]:
    """A recorded file's rows, all later by as many hours as its last one is before `now`."""
    last = max(clock(row[1]) for row in read(path))
    shift = now.replace(minute=0, second=0, microsecond=0) - last
    known: dict[str, str] = {}
    for name, at, price, volume in read(path):
        if at not in known:
            known[at] = (clock(at) + shift).strftime(FORMAT)
        yield name, known[at], price, volume


def clock(text: str) -> datetime:
    """A recorded time, which is UTC without saying so."""
    return datetime.strptime(text, FORMAT).replace(tzinfo=UTC)


def read(path: Path) -> Iterator[list[str]]:
    """A recorded file's rows."""
    with gzip.open(path, "rb") as packed:
        rows = csv.reader(io.TextIOWrapper(packed, encoding="utf-8", newline=""))
        next(rows)
        yield from rows


def invented(now: datetime) -> Iterator[tuple[str, str, str, str]]:
    """Random walks of the first items."""
    chance = random.Random(1)
    last = now.replace(minute=0, second=0, microsecond=0)
    times = [last - timedelta(hours=hour) for hour in range(HOURS)]
    times += [times[-1] - timedelta(days=day) for day in range(1, DAYS + 1)]
    for item in synthetic(PAST):
        price = float(item.price)
        for at in times:
            price *= 1 + chance.gauss(0, 0.01)
            yield item.name, at.strftime(FORMAT), f"{price / 100:.3f}", str(chance.randrange(1, 500))


def invented_items(seed: int) -> list[Item]:
    """The whole market, a little dearer with every seed."""
    return [Item(item.name, item.price + seed) for item in synthetic(ITEMS)]
