"""How fast recorded histories are read, beside pyarrow's and pandas' CSV readers: same columns, no database.

    python -m tests.bench.bench_history_readers [FILE] [--repeat 3]

Each reader runs in a process of its own, so that peak memory is its own; the least processor seconds of some runs count, since the
clock says more about the machine's other work. Sums show that all read the same; pandas' prices are floats and are not exact.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from jobs.backfill.files import open_file, points

FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "steam_pricehistory_1.csv.gz"
Ints = npt.NDArray[np.int64]
Part = tuple[list[str], Ints, Ints, Ints]
"""Names, and times in microseconds, prices in cents, volumes: -1 where unknown."""
BLOCK = 8 << 20


def ours(path: Path) -> Iterator[Part]:
    for found, _ in points(open_file(path)):
        yield list(found.names), found.time, found.price, found.volume


def arrow(path: Path) -> Iterator[Part]:
    """Typed columns: the first cell that is no such value ends the file."""
    kinds = {
        "market_hash_name": pa.dictionary(pa.int32(), pa.string()),
        "date": pa.timestamp("us"),
        "price": pa.decimal128(18, 6),
        "volume": pa.int64(),
    }
    for batch in _arrow(path, kinds):
        name, date, price, volume = batch.columns
        yield name.dictionary.to_pylist(), _ints(date), _cents(price), _ints(pc.fill_null(volume, -1))


def arrow_by_line(path: Path) -> Iterator[Part]:
    """Text columns, converted where they look right: a line that does not could be read by itself."""
    kinds = {
        "market_hash_name": pa.dictionary(pa.int32(), pa.binary()),
        "date": pa.string(),
        "price": pa.string(),
        "volume": pa.string(),
    }
    for batch in _arrow(path, kinds):
        name, date, price, volume = batch.columns
        time = pc.strptime(date, format="%Y-%m-%d %H:%M:%S", unit="us", error_is_null=True)
        good = pc.and_(pc.is_valid(time), pc.match_substring_regex(price, r"^[0-9]{1,9}([.][0-9]{1,6})?$"))
        good = pc.and_(good, pc.match_substring_regex(volume, r"^[0-9]{1,15}$"))
        if not pc.all(good).as_py():
            name, time, price, volume = (column.filter(good) for column in (name, time, price, volume))
        names = [text.decode() for text in name.dictionary.to_pylist()]
        yield names, _ints(time), _cents(price.cast(pa.decimal128(18, 6))), _ints(volume.cast(pa.int64()))


def pandas(path: Path) -> Iterator[Part]:
    kinds = {"market_hash_name": "str", "price": "float64", "volume": "Int64"}
    for frame in pd.read_csv(path, chunksize=100_000, dtype=kinds):
        yield _of_frame(frame)


def pandas_arrow(path: Path) -> Iterator[Part]:
    """The whole file at once: this engine knows no chunks."""
    yield _of_frame(pd.read_csv(path, engine="pyarrow"))


READERS: dict[str, Callable[[Path], Iterator[Part]]] = {
    "ours": ours,
    "pyarrow.csv": arrow,
    "pyarrow.csv, by line": arrow_by_line,
    "pandas": pandas,
    "pandas, pyarrow": pandas_arrow,
}


def _arrow(path: Path, kinds: dict[str, object]) -> Iterator[pa.RecordBatch]:
    with pa.input_stream(str(path), compression="gzip", buffer_size=1 << 20) as stream:
        yield from csv.open_csv(
            stream,
            read_options=csv.ReadOptions(block_size=BLOCK, use_threads=False),
            convert_options=csv.ConvertOptions(column_types=kinds),
        )


def _ints(column: pa.Array) -> Ints:
    found: Ints = column.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return found


def _cents(price: pa.Array) -> Ints:
    exact = pc.round(pc.multiply(price, pa.scalar(Decimal(100))), 0, round_mode="half_to_even")
    return _ints(exact.cast(pa.decimal128(25, 0)))


def _of_frame(frame: pd.DataFrame) -> Part:
    time = pd.to_datetime(frame["date"]).astype("datetime64[us]").to_numpy().astype(np.int64)
    cents = np.rint(frame["price"].to_numpy(dtype=np.float64) * 100).astype(np.int64)
    volume = frame["volume"].fillna(-1).to_numpy(dtype=np.int64)
    return frame["market_hash_name"].unique().tolist(), time, cents, volume


def measure(name: str, path: Path) -> None:
    """Print one reader's figures as JSON."""
    clock, begun = time.monotonic(), time.process_time()
    rows, cents, volumes = 0, 0, 0
    names: set[str] = set()
    for found, _, price, volume in READERS[name](path):
        rows, cents, volumes = rows + len(price), cents + int(price.sum()), volumes + int(volume.sum())
        names.update(found)
    figures = {
        "rows": rows, "cents": cents, "volumes": volumes, "names": len(names), "seconds": time.monotonic() - clock,
        "processor": time.process_time() - begun, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }  # fmt: skip
    print(orjson.dumps(figures).decode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--repeat", type=int, default=3, help="how often; the best counts (%(default)s)")
    parser.add_argument("--reader", choices=READERS, help="this one, in this process")
    options = parser.parse_args()
    if options.reader:
        measure(options.reader, options.file)
        return
    for name in READERS:
        command = [sys.executable, "-m", "tests.bench.bench_history_readers", str(options.file), "--reader", name]
        runs = [
            orjson.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(options.repeat)
        ]
        best = min(runs, key=lambda run: float(run["processor"]))
        print(
            f"{name:21} {best['rows']:,} rows, {best['names']} items, {best['cents']:,} cents, {best['volumes']:,} sold:"
            f" processor {best['processor']:.2f} s, clock {best['seconds']:.2f} s, peak {best['peak'] / 1e6:.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()
