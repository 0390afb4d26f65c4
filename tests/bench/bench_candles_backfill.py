"""How fast an exchange's files of candles come in, against a bare COPY of the same rows in the same run.

    python -m tests.bench.bench_candles_backfill [--candles 2600000] [--repeat 2]

Five years of one pair's minutes in monthly ZIP files, as the exchange publishes them, invented. The goal is 0.35 of the rows per
second of a bare text COPY into one table of the same nine columns with the same primary key, which a second run needs to find what
is there. The load unpacks, checks and converts the files, finds what is there already, and writes minutes in monthly partitions and six
longer intervals. Both take turns, and the best of each counts; processor seconds are given too, since they say more than the clock on
a machine with other work.
"""

import argparse
import hashlib
import os
import tempfile
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import psycopg
from psycopg import sql

from app.analytics.arrays import Ints
from app.providers.exchange import Symbol
from db.candles import symbols
from db.candles.symbols import PairRow
from db.core import migrate
from db.core.pool import Database
from db.embedded.servers import Embedded
from jobs.backfill.candles.files import CandleReport, load, open_file
from tests.bench.bench_backfill import BLOCK, Best, processor

BEGIN = 1_577_836_800
"""2020-01-01."""
PRICE_SCALE, VOLUME_SCALE = 100, 100_000
COLUMNS = "item_id integer, source text, open_time timestamptz, open bigint, high bigint, low bigint, close bigint, volume bigint, trades bigint"
FLOOR = f"CREATE TABLE plain ({COLUMNS}, PRIMARY KEY (item_id, source, open_time))"
GOAL = 0.35


def invented(candles: int, seed: int = 1) -> Iterator[tuple[str, Ints]]:
    """Months by name, each with rows of open time in seconds, open, high, low, close, volume, trades."""
    draw = np.random.default_rng(seed)
    close = 5_000_000 + np.cumsum(draw.integers(-2_000, 2_001, candles))
    close = np.abs(close - 1_000_000) + 1_000_000
    opened = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(opened, close) + draw.integers(0, 2_000, candles)
    low = np.minimum(opened, close) - draw.integers(0, 2_000, candles)
    volume, trades = draw.integers(0, 10_000_000, candles), draw.integers(0, 5_000, candles)
    times = BEGIN + 60 * np.arange(candles)
    table = np.stack([times, opened, high, low, close, volume, trades], axis=1)
    month = times.astype("datetime64[s]").astype("datetime64[M]")
    for name in np.unique(month):
        yield str(name), table[month == name]


def write(folder: Path, candles: int) -> tuple[list[Path], Path]:
    """The exchange's files, with their checksums, and the same rows as COPY text."""
    paths, text = [], folder / "rows.txt"
    with text.open("w", encoding="ascii") as copy:
        for name, rows in invented(candles):
            unit = 1_000_000 if name >= "2025" else 1_000
            path = folder / f"BTCUSDT-1m-{name}.zip"
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.writestr(f"BTCUSDT-1m-{name}.csv", "".join(line(row, unit) for row in rows.tolist()))
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            path.with_name(f"{path.name}.CHECKSUM").write_text(f"{digest}  {path.name}\n", encoding="ascii")
            stamps = np.datetime_as_string(rows[:, 0].astype("datetime64[s]"), timezone="UTC").tolist()
            for stamp, (_, *figures) in zip(stamps, rows.tolist(), strict=True):
                copy.write(f"1\tbinance\t{stamp}\t" + "\t".join(map(str, figures)) + "\n")
            paths.append(path)
    return paths, text


def line(row: list[int], unit: int) -> str:
    at, *prices, volume, trades = row
    texts = ",".join(f"{price / PRICE_SCALE:.8f}" for price in prices)
    size = f"{volume / VOLUME_SCALE:.8f}"
    return f"{at * unit},{texts},{size},{(at + 60) * unit - 1},{size},{trades},{size},{size},0\n"


def bare_copy(url: str, text: Path, rows: int) -> tuple[float, float]:
    """Rows per second and processor seconds of a text COPY; making the text is not counted."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(FLOOR))
        before, begun = processor(url), time.monotonic()
        with connection.cursor().copy("COPY plain FROM STDIN") as writer, text.open("rb") as file:
            while data := file.read(BLOCK):
                writer.write(data)
        seconds, used = time.monotonic() - begun, processor(url) - before
        connection.execute("DROP TABLE plain")
        connection.execute("CHECKPOINT")
    return rows / seconds, used


def run(url: str, paths: list[Path]) -> tuple[CandleReport, CandleReport, float]:
    """The files into an empty database and again, and the processor seconds of the first time."""
    migrate.upgrade(url)
    database = Database(url)
    symbol = Symbol("BTCUSDT", "BTC", "USDT", PRICE_SCALE, VOLUME_SCALE, "trading")
    try:
        with database.connection() as connection, connection.transaction():
            row = PairRow("BTCUSDT", "BTC", "USDT", PRICE_SCALE, VOLUME_SCALE, "trading", None)
            item = symbols.save(connection, "binance:spot", "binance", [row])["BTCUSDT"]
        before = processor(url)
        first = load(database, [open_file(path) for path in paths], "binance", lambda _: (symbol, item))
        used = processor(url) - before
        again = load(database, [open_file(path) for path in paths], "binance", lambda _: (symbol, item))
    finally:
        database.close()
    if again.changed or first.changed != first.candles or first.rejected_count:
        raise SystemExit(f"the second run changed {again.changed:,}, the first {first.changed:,} of {first.candles:,}")
    return first, again, used


def measured(candles: int, repeat: int) -> tuple[Best, Best, CandleReport]:
    """The best load, the best bare COPY, in turns, each on a new cluster; and the first load's report."""
    loads, floor = Best(), Best()
    reports: list[CandleReport] = []
    with tempfile.TemporaryDirectory(prefix="tracera-bench-") as folder:
        with ProcessPoolExecutor(1) as aside:  # so that inventing them is not in the peak of memory
            paths, text = aside.submit(write, Path(folder), candles).result()
        for number in range(repeat):
            embedded = Embedded(Path(folder) / str(number), redis=False).start()
            try:
                url = embedded.endpoints().database_url
                report, again, used = run(url, paths)
                reports.append(report)
                loads.take(report.per_second, used)
                say("first run", report, used)
                say("again", again, None)
                rate, used = bare_copy(url, text, candles)
                floor.take(rate, used)
                print(f"bare COPY: {rate:,.0f}/s, processor {used:.1f} s", flush=True)
            finally:
                embedded.stop()
    return loads, floor, reports[0]


def say(label: str, report: CandleReport, used: float | None) -> None:
    spent = "" if used is None else f", processor {used:.1f} s"
    print(
        f"{label}: {report.candles:,} candles ({report.changed:,} new) in {report.seconds:.1f} s = {report.per_second:,.0f}/s,"
        f" peak {report.peak_memory / 1e6:.0f} MB{spent}; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candles", type=int, default=2_600_000, help="minutes of the pair (%(default)s)")
    parser.add_argument("--repeat", type=int, default=2, help="how often; the best counts (%(default)s)")
    options = parser.parse_args()
    loads, floor, report = measured(options.candles, options.repeat)
    ratio = loads.rate / floor.rate
    print(
        f"load {loads.rate:,.0f}/s / bare COPY {floor.rate:,.0f}/s = {ratio:.2f}"
        f" (processor seconds {loads.processor:.1f} / {floor.processor:.1f})"
    )
    print(f"goal {GOAL}: {'met' if ratio >= GOAL else 'NOT met'}; peak {report.peak_memory / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
