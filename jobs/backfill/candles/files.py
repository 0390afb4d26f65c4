"""Candle files: loads an exchange's monthly and daily files; a second time changes nothing."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import structlog

from app.providers.base import ProviderError
from app.providers.binance import dumps
from app.providers.binance.dumps import DumpBlock, DumpError
from app.providers.exchange import Symbol
from db.candles import store
from db.candles.columns import CandleColumns
from db.candles.intervals import NAMES
from db.core.pool import Database
from db.quotes import writer
from jobs.backfill.candles.pairs import UnknownPairError
from jobs.backfill.points import Rejected
from jobs.backfill.run import MAX_REJECTIONS, Progress, peak_memory

log = structlog.get_logger(__name__)

BATCH: int = 200_000
"""Candles that are stored and rolled up in one transaction: twenty weeks of minutes."""
MAX_PENDING = 1
"""Batches that may wait for the one that is stored; it bounds memory."""

PairOf = Callable[[str], tuple[Symbol, int]]
"""The pair of a symbol, in the scales that are stored, and its item; as `Pairs`."""


@dataclass(slots=True)
class CandleReport:
    """What a load did.

    `candles` were read and sound, of which `changed` are new or differ from what was stored. `rejected` holds the first
    MAX_REJECTIONS lines of `rejected_count` that were left out, `failed` a sentence for each file that could not be used.
    """

    candles: int = 0
    changed: int = 0
    symbols: set[str] = field(default_factory=set)
    rejected: list[Rejected] = field(default_factory=list)
    rejected_count: int = 0
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    peak_memory: int = 0

    @property
    def per_second(self) -> float:
        """Candles read and brought in, over the whole time."""
        return self.candles / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class CandleFile:
    """One file and what is in it."""

    path: Path
    symbol: str
    interval: str
    size: int


def open_file(path: Path, symbol: str | None = None, interval: str | None = None) -> CandleFile:
    """A file to load; what is not given, its name says, as in `BTCUSDT-1m-2025-01.zip`.

    Raises:
        DumpError: its name does not, or candles of that length are not kept.
        OSError: it cannot be read.
    """
    if symbol is None or interval is None:
        name = dumps.parse_name(path)
        symbol, interval = symbol or name.symbol, interval or name.interval
    if interval not in NAMES:
        raise DumpError(f"{path}: candles of {interval} are not kept, only of {', '.join(NAMES)}")
    return CandleFile(path, symbol.upper(), interval, dumps.unpacked_size(path))


def load(
    database: Database,
    files: Sequence[CandleFile],
    source: str,
    pair_of: PairOf,
    progress: Callable[[Progress], None] | None = None,
) -> CandleReport:
    """Store the candles of files, in their order, and roll them up.

    Each batch is stored and rolled up in a transaction of its own: whenever this ends, what is there is whole, and a second run
    completes it. A file that cannot be used is named in the report, the others are loaded all the same.

    Raises:
        DatabaseDownError: PostgreSQL went away.
    """
    begun = time.monotonic()
    report = CandleReport()
    total = sum(file.size for file in files)
    done = 0
    with BatchWriter(database, source) as batches:
        for file in files:
            read = 0
            try:
                symbol, item_id = pair_of(file.symbol)
                for block in _blocks(file, symbol, report):
                    batches.add(item_id, file.interval, block.candles)
                    read += block.size
                    if progress:
                        seconds = time.monotonic() - begun
                        at = min(done + read, done + file.size)
                        progress(Progress(str(file.path), at, total, report.candles, report.rejected_count, seconds))
            except (DumpError, UnknownPairError, ProviderError) as error:
                report.failed.append(str(error))
                log.warning("file left out", file=str(file.path), reason=str(error))
            done += file.size
    report.changed = batches.changed
    report.seconds = time.monotonic() - begun
    report.peak_memory = peak_memory()
    return report


def _blocks(file: CandleFile, symbol: Symbol, report: CandleReport) -> Iterator[DumpBlock]:
    for block in dumps.read_dump(file.path, symbol, file.interval):
        report.candles += len(block.candles)
        report.symbols.add(symbol.symbol)
        report.rejected_count += len(block.rejected)
        room = MAX_REJECTIONS - len(report.rejected)
        report.rejected += [Rejected(str(file.path), one.line, one.reason) for one in block.rejected[:room]]
        yield block


class BatchWriter:
    """Stores candles in batches, in a thread and on a connection of its own, while the next ones are read."""

    def __init__(self, database: Database, source: str) -> None:
        self.changed = 0
        self._database, self._source = database, source
        self._key: tuple[int, str] | None = None
        self._waiting: list[CandleColumns] = []
        self._pending: list[Future[int]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="candles")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
                self._wait(0)
                with self._database.connection() as connection:
                    writer.flush(connection)
        finally:
            self._thread.shutdown(wait=True, cancel_futures=True)

    def add(self, item_id: int, interval: str, candles: CandleColumns) -> None:
        """Candles of one item and interval.

        Raises:
            DatabaseDownError: what an earlier batch met.
        """
        if self._key not in {None, (item_id, interval)}:
            self._flush()
        self._key = (item_id, interval)
        self._waiting.append(candles)
        if sum(map(len, self._waiting)) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        candles = CandleColumns.join(self._waiting)
        self._waiting.clear()
        if self._key is None or not len(candles):
            return
        self._wait(MAX_PENDING)
        self._pending.append(self._thread.submit(self._store, *self._key, candles))

    def _wait(self, most: int) -> None:
        while len(self._pending) > most:
            self.changed += self._pending.pop(0).result()

    def _store(self, item_id: int, interval: str, candles: CandleColumns) -> int:
        if (np.diff(candles.open_time) < 0).any():
            candles = candles.take(np.argsort(candles.open_time, kind="stable"))
        with self._database.connection() as connection:
            if interval == NAMES[0]:
                store.make_partitions(connection, candles)
            with connection.transaction():
                writer.relax_commit(connection)
                return store.store_item(connection, self._source, item_id, candles, interval=interval)
