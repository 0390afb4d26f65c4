"""How fast history comes in, against a bare COPY of the same rows in the same run.

    python -m tests.bench.bench_backfill [FILE] [--repeat 2]

The goal is 0.35 of the bare COPY's rows per second into a table of the same five columns without any key, under 500 MB. The same
with a primary key is a second floor, since a second run must find what is there. Floors and runs take turns, and the
best of each counts; processor seconds are given too, since they say more than the clock on a machine with other work.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import psycopg
from psycopg import sql

from db.core import migrate
from db.core.pool import Database
from db.embedded.servers import Embedded
from jobs.backfill.files import open_file, points
from jobs.backfill.run import Report, backfill

BLOCK = 1 << 20
FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "steam_pricehistory_1.csv.gz"
COLUMNS = "item_id integer, source text, time timestamptz, price bigint, volume bigint"
FLOORS = {"with the primary key": ", PRIMARY KEY (item_id, source, time)", "without a key": ""}
GOAL = 0.35


@dataclass(slots=True)
class Best:
    """The best of several runs: rows a second, and the processor seconds of that run."""

    rate: float = 0.0
    processor: float = 0.0

    def take(self, rate: float, processor: float) -> None:
        if rate > self.rate:
            self.rate, self.processor = rate, processor


def lines(path: Path) -> Iterator[bytes]:
    """The file's rows as COPY text, in blocks."""
    ids: dict[str, int] = {}
    for found, _ in points(open_file(path)):
        at = np.array([ids.setdefault(name, len(ids) + 1) for name in found.names])
        stamps = np.datetime_as_string(found.time.astype("datetime64[us]"), unit="s", timezone="UTC")
        rows = zip(at[found.name].tolist(), stamps.tolist(), found.price.tolist(), found.volume.tolist(), strict=True)
        yield "".join(f"{item}\tsteam\t{stamp}\t{price}\t{volume}\n" for item, stamp, price, volume in rows).encode()


def bare_copy(url: str, blocks: Path, rows: int, key: str) -> tuple[float, float]:
    """Rows per second and processor seconds of a text COPY; making the text is not counted."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(f"CREATE TABLE plain ({COLUMNS}{key})"))
        before, begun = processor(url), time.monotonic()
        with connection.cursor().copy("COPY plain FROM STDIN") as writer, blocks.open("rb") as file:
            while data := file.read(BLOCK):
                writer.write(data)
        seconds, used = time.monotonic() - begun, processor(url) - before
        connection.execute("DROP TABLE plain")
        connection.execute("CHECKPOINT")
    return rows / seconds, used


def processor(url: str) -> float:
    """Processor seconds so far of this process and of the server's sessions."""
    with psycopg.connect(url) as connection:
        pids = [row[0] for row in connection.execute("SELECT pid FROM pg_stat_activity").fetchall()]
    processes = [psutil.Process()]
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            processes.append(psutil.Process(pid))
    used = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used += times.user + times.system
    return used


def run(url: str, path: Path) -> tuple[Report, Report, float]:
    """The file into an empty database and again, and the processor seconds of the first time."""
    migrate.upgrade(url)
    database = Database(url)
    try:
        database.rows("SELECT 1")
        before = processor(url)
        first = backfill(database, [path], "steam")
        used = processor(url) - before
        again = backfill(database, [path], "steam")
    finally:
        database.close()
    if again.new or first.new != first.points - first.known:
        raise SystemExit(f"the second run added {again.new:,}")
    return first, again, used


def measured(path: Path, repeat: int) -> tuple[Best, dict[str, Best], Report]:
    """The best of everything, in turns, each on a new cluster; and the first run's report.

    Only the first peak of memory is the backfill's own: later ones may be that of making the floors' text.
    """
    history, floors = Best(), {name: Best() for name in FLOORS}
    reports: list[Report] = []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory(prefix="tracera-bench-") as folder:
            embedded = Embedded(Path(folder), redis=False).start()
            try:
                url = embedded.endpoints().database_url
                report, again, used = run(url, path)
                reports.append(report)
                history.take(report.points_per_second, used)
                say("first run", report, used)
                say("again", again, None)
                text = Path(folder) / "rows.txt"
                with text.open("wb") as file:
                    file.writelines(lines(path))
                for name, key in FLOORS.items():
                    rate, used = bare_copy(url, text, report.points, key)
                    floors[name].take(rate, used)
                    print(f"bare COPY {name}: {rate:,.0f}/s, processor {used:.1f} s", flush=True)
            finally:
                embedded.stop()
    return history, floors, reports[0]


def say(label: str, report: Report, used: float | None) -> None:
    spent = "" if used is None else f", processor {used:.1f} s"
    print(
        f"{label}: {report.points:,} points ({report.new:,} new, {report.items} items) in {report.seconds:.1f} s ="
        f" {report.points_per_second:,.0f}/s, peak {report.peak_memory / 1e6:.0f} MB{spent}; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--repeat", type=int, default=2, help="how often; the best counts (%(default)s)")
    options = parser.parse_args()
    history, floors, report = measured(options.file, options.repeat)
    for name, floor in floors.items():
        print(
            f"backfill {history.rate:,.0f}/s / bare COPY {name} {floor.rate:,.0f}/s = {history.rate / floor.rate:.2f}"
            f" (processor seconds {history.processor:.1f} / {floor.processor:.1f})"
        )
    ratio = history.rate / floors["without a key"].rate
    print(f"goal {GOAL}: {'met' if ratio >= GOAL else 'NOT met'}; peak {report.peak_memory / 1e6:.0f} MB of 500 MB")


if __name__ == "__main__":
    main()
