"""How fast history comes in, against a bare COPY of the same rows in the same run, and an ingest cycle of 30,000 quotes.

    python -m tests.bench.bench_backfill [FILE]

The goal is 0.35 of the bare COPY's rows per second, under 500 MB, and a cycle well under 10 s.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg

from db import migrate, quotes
from db.embedded import Embedded
from db.pool import Database
from jobs import catalogue, ingest
from jobs.backfill import Report, backfill
from jobs.history_files import open_file, points
from jobs.providers.base import Quote, VolumeKind

FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "steam_pricehistory_1.csv.gz"
QUOTES = 30_000
PLAIN = (
    "CREATE TABLE plain (item_id integer, source text, time timestamptz, price bigint, volume bigint,"
    " PRIMARY KEY (item_id, source, time))"
)


def lines(path: Path) -> Iterator[bytes]:
    """The file's rows as COPY text, in blocks."""
    ids: dict[str, int] = {}
    for found, _ in points(open_file(path)):
        at = np.array([ids.setdefault(name, len(ids) + 1) for name in found.names])
        stamps = np.datetime_as_string(found.time.astype("datetime64[us]"), unit="s", timezone="UTC")
        rows = zip(at[found.name].tolist(), stamps.tolist(), found.price.tolist(), found.volume.tolist(), strict=True)
        yield "".join(f"{item}\tsteam\t{stamp}\t{price}\t{volume}\n" for item, stamp, price, volume in rows).encode()


def bare_copy(url: str, path: Path) -> float:
    """Rows per second of a text COPY; making the text is not counted."""
    blocks = list(lines(path))
    rows = sum(block.count(b"\n") for block in blocks)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(PLAIN)
        begun = time.monotonic()
        with connection.cursor().copy("COPY plain FROM STDIN") as writer:
            for block in blocks:
                writer.write(block)
        seconds = time.monotonic() - begun
        connection.execute("DROP TABLE plain")
        connection.execute("CHECKPOINT")
    return rows / seconds


def cycle(database: Database, at: datetime, step: int) -> tuple[float, quotes.Stored]:
    """Seconds that one cycle of 30,000 quotes spends on the database."""
    batch = [
        Quote(f"Item {at_row} | Bench (Field-Tested)", "steam", 1000 + at_row + step, at, volume=at_row % 50,
              volume_kind=VolumeKind.ROLLING_24H)
        for at_row in range(QUOTES)
    ]  # fmt: skip
    begun = time.monotonic()
    with database.connection() as connection:
        quotes.make_partitions(connection, ingest.columns(batch, [0] * len(batch)))
        with connection.transaction():
            matched = catalogue.match(connection, batch)
            quotes.lock_source(connection, "steam")
            columns = ingest.columns(matched.quotes, [item.id for item in matched.items])
            matching = time.monotonic()
            stored = quotes.store(connection, "steam", columns, heartbeat=timedelta(minutes=30))
    print(f"  match {matching - begun:.2f} s, store {time.monotonic() - matching:.2f} s")
    return time.monotonic() - begun, stored


def say(report: Report, bare: float, label: str) -> None:
    print(
        f"{label}: {report.points:,} points ({report.new:,} new, {report.items} items) in {report.seconds:.1f} s ="
        f" {report.points_per_second:,.0f}/s; bare COPY {bare:,.0f}/s; ratio {report.points_per_second / bare:.2f};"
        f" peak {report.peak_memory / 1e6:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    path = parser.parse_args().file
    with tempfile.TemporaryDirectory(prefix="tracera-bench-") as folder:
        embedded = Embedded(Path(folder), redis=False).start()
        try:
            url = embedded.endpoints().database_url
            migrate.upgrade(url)
            database = Database(url)
            first = backfill(database, [path], "steam")
            again = backfill(database, [path], "steam")
            for step in range(3):
                seconds, stored = cycle(database, datetime.now(UTC) - timedelta(hours=5 - step), step)
                print(f"cycle {step + 1} of {QUOTES:,} quotes: {seconds:.2f} s, {stored.inserted:,} stored")
            database.close()
            bare = bare_copy(url, path)  # last: the text it needs must not count as our memory
            say(first, bare, "first run")
            say(again, bare, "again")
        finally:
            embedded.stop()


if __name__ == "__main__":
    main()
