"""Ten weekly states of the whole market, ingested one after the other, beside a bare COPY of the same rows.

    python -m tests.bench.bench_ingest [--page-size 1000] [--cycles 10]

Each recorded snapshot is served by the local upstream server and fetched by the real `steam` provider without pauses. The
goal: a cycle's work on the database under 10 s. That work includes matching names to items and making new ones; fetching
and reading the replies is the rest of the total.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import redis

from app.server.providers import build_providers
from app.settings import Settings
from db.core import migrate
from db.core.pool import Database
from db.embedded.servers import Embedded
from jobs.ingest import Ingest, Report
from tests.upstream.data import World, load_snapshot, snapshots
from tests.upstream.server import running

GOAL = 10.0
FLOOR = (
    "CREATE TABLE plain (item_id integer, source text, time timestamptz, price bigint, volume bigint, listings integer,"
    " PRIMARY KEY (item_id, source, time))"
)
ROWS = "SELECT item_id, source, time, price, volume, listings FROM price_history WHERE time >= %s"
DOUBLES = "SELECT count(*) AS n FROM (SELECT 1 FROM price_history GROUP BY item_id, source, time HAVING count(*) > 1) d"


def cycle(ingest: Ingest, settings: Settings) -> Report:
    """One whole pass over the market."""

    async def run() -> Report:
        (provider,) = build_providers(settings, ("steam",))
        try:
            return await ingest.cycle(provider)
        finally:
            await provider.aclose()

    return asyncio.run(run())


def bare_copy(database: Database, since: datetime) -> float:
    """Seconds of a text COPY, into a table with the same primary key, of the rows that a cycle stored."""
    with database.connection() as connection:
        with connection.cursor().copy(f"COPY ({ROWS}) TO STDOUT", [since]) as reader:
            data = b"".join(bytes(block) for block in reader)
        connection.execute(FLOOR)
        begun = time.monotonic()
        with connection.cursor().copy("COPY plain FROM STDIN") as writer:
            writer.write(data)
        seconds = time.monotonic() - begun
        connection.execute("DROP TABLE plain")
    return seconds


def say(week: str, sold: int, report: Report, floor: float) -> None:
    verdict = "" if report.database_seconds < GOAL else "  OVER THE GOAL"
    print(
        f"{week} {sold:7,} {report.fetched:7,} {report.new_items:7,} {report.stored:7,} {report.unchanged:9,}"
        f" {report.database_seconds:8.2f} {report.seconds:7.2f} {floor:7.2f} {report.database_seconds / floor:6.1f}"
        f"  {report.error or ''}{verdict}",
        flush=True,
    )


@contextmanager
def instance() -> Iterator[Ingest]:
    """An empty database and an empty Valkey."""
    with tempfile.TemporaryDirectory(prefix="tracera-bench-") as folder:
        embedded = Embedded(Path(folder)).start()
        try:
            where = embedded.endpoints()
            migrate.upgrade(where.database_url)
            database = Database(where.database_url)
            yield Ingest(database, redis.Redis.from_url(where.redis_url), heartbeat=timedelta(minutes=30))
            database.close()
        finally:
            embedded.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page-size", type=int, default=1000, help="items on a page of the market (%(default)s)")
    parser.add_argument("--cycles", type=int, default=10, help="how many of the recorded weeks (%(default)s)")
    options = parser.parse_args()
    world = World([], page_size=options.page_size)
    with instance() as ingest, running(world) as (url, _):
        settings = Settings(_env_file=None, steam_url=url, steam_requests_per_minute=0, steam_page_size=100)
        print("week         sold fetched   items  quotes unchanged database   total    COPY  ratio")
        stored = worst = 0.0
        for path in snapshots()[: options.cycles]:
            items = load_snapshot(path)
            world.replace(items)
            report = cycle(ingest, settings)
            sold = sum(item.price > 0 for item in items)
            say(path.name[7:17], sold, report, bare_copy(ingest.database, report.started_at))
            if report.fetched < sold:
                raise SystemExit(f"{sold - report.fetched} items were lost")
            stored, worst = stored + report.stored, max(worst, report.database_seconds)
        kept = ingest.database.row("SELECT count(*) AS n FROM price_history")
        doubles = ingest.database.row(DOUBLES)
        if not kept or not doubles or kept["n"] != stored or doubles["n"]:
            raise SystemExit(f"kept {kept}, stored {stored}, double {doubles}")
        print(f"{kept['n']:,} quotes, none twice; the longest work on the database took {worst:.2f} s of {GOAL:.0f} s")


if __name__ == "__main__":
    main()
