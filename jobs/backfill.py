"""Price-history files into the database, fast and beside a running instance; running it again changes nothing."""

import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import numpy as np
import structlog

from db import quotes
from db.pool import Database
from jobs import catalogue
from jobs.history_bytes import Source
from jobs.history_files import open_file, points
from jobs.history_points import HistoryFileError, Ints, Points, Rejected
from jobs.providers.base import Quote

log = structlog.get_logger(__name__)

ENOUGH = 200_000
"""Points that make a batch; small files are stored together."""
WAITING = 2
"""Batches that each writer may lag behind the reader: it bounds memory."""
KEPT_REJECTIONS = 10_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is; bytes are those of the files as they lie on disk."""

    file: str
    bytes_read: int
    bytes_total: int
    points: int
    rejected: int
    seconds: float


@dataclass(slots=True)
class Report:
    """What a backfill did.

    `points` were read and sound, of which `new` were not in the history before and `known` were; `items` have points,
    `new_items` were not known before. `rejected` holds the first KEPT_REJECTIONS lines left out of `rejected_count`.
    `failed` are files that could not be used as a whole. `peak_memory` is this process's, in bytes.
    """

    points: int = 0
    new: int = 0
    known: int = 0
    items: int = 0
    new_items: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    rejected_count: int = 0
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    peak_memory: int = 0

    @property
    def points_per_second(self) -> float:
        """Points read and brought in, over the whole time."""
        return self.points / self.seconds if self.seconds else 0.0

    def refuse(self, lines: Iterable[Rejected]) -> None:
        """Note lines that were left out."""
        for line in lines:
            self.rejected_count += 1
            if len(self.rejected) < KEPT_REJECTIONS:
                self.rejected.append(line)


def backfill(
    database: Database,
    paths: Sequence[Path],
    source: str,
    *,
    progress: Callable[[Progress], None] | None = None,
    item: str | None = None,
) -> Report:
    """Bring price-history files in as quotes of `source`; volumes count each point's own interval.

    Every batch is a transaction of its own, so that a running instance waits for one batch at most. A file that cannot be
    used is named in the report, the others are read all the same. `item` names the item of a JSON file.

    Raises:
        OSError: a file cannot be read; checked for all of them before anything is stored.
        DatabaseDownError: PostgreSQL went away; batches stored before stay, and a second run completes them.
    """
    begun = time.monotonic()
    report = Report()
    files = [open_file(path) for path in paths]
    names = Names(database, source, report)
    with Writers(database, source) as writers:
        waiting: list[quotes.QuoteColumns] = []
        for columns in _columns(files, item, names, report, _told(progress, files, report, begun)):
            waiting.append(columns)
            if sum(map(len, waiting)) >= ENOUGH:
                writers.store(_joined(waiting))
                waiting.clear()
        writers.store(_joined(waiting))
    report.new, report.known = writers.new, report.points - writers.new
    report.items, report.new_items = len(set(names.ids.values()) - {REFUSED}), names.added
    report.seconds = time.monotonic() - begun
    report.peak_memory = peak_memory()
    return report


REFUSED = -1
"""Stands for the id of an item whose prices are kept in another currency."""


class Names:
    """Items by name: each name is looked up, or its item made, once in a run."""

    def __init__(self, database: Database, source: str, report: Report) -> None:
        self.database, self.source, self.report = database, source, report
        self.ids: dict[str, int] = {}
        self.added = 0

    def resolve(self, found: Points, file: str) -> tuple[Points, Ints]:
        """Points whose item takes USD, and the items' ids."""
        used = np.unique(found.name)
        self._learn([found.names[at] for at in used.tolist() if found.names[at] not in self.ids])
        ids = np.array([self.ids.get(name, REFUSED) for name in found.names], dtype=np.int64)
        item_id = ids[found.name]
        refused = item_id == REFUSED
        if refused.any():
            reason = "the item's prices are not kept in USD"
            self.report.refuse(Rejected(file, line, reason) for line in found.line[refused].tolist())
            rows = np.flatnonzero(~refused)
            found = Points(
                found.names, *(getattr(found, name)[rows] for name in ("name", "time", "price", "volume", "line"))
            )
            item_id = item_id[rows]
        return found, item_id

    def _learn(self, names: list[str]) -> None:
        if not names:
            return
        now = datetime.now(UTC)
        asked = [Quote(market_hash_name=name, source=self.source, price=1, quoted_at=now) for name in names]
        with self.database.connection() as connection, connection.transaction():
            matched = catalogue.match(connection, asked)
        self.ids |= dict.fromkeys(names, REFUSED)
        for quote, known in zip(matched.quotes, matched.items, strict=True):
            self.ids[quote.market_hash_name] = known.id
        self.added += matched.new_items


class Writers:
    """A thread and a connection per shard of the source's items, so that two cores of the server work at once."""

    def __init__(self, database: Database, source: str) -> None:
        self.database, self.source = database, source
        self.new = 0
        self._threads = [ThreadPoolExecutor(1, thread_name_prefix=f"backfill-{at}") for at in range(quotes.SHARDS)]
        self._pending: list[list[Future[int]]] = [[] for _ in range(quotes.SHARDS)]
        self._months: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                for shard in range(quotes.SHARDS):
                    self._settle(shard, most=0)
                with self.database.connection() as connection:
                    quotes.flush(connection)
        finally:
            for thread in self._threads:
                thread.shutdown(wait=True, cancel_futures=True)

    def store(self, columns: quotes.QuoteColumns) -> None:
        """Hand a batch to the writers; waits while they lag behind.

        Raises:
            DatabaseDownError: what a writer met.
        """
        self._make_partitions(columns)
        shards = quotes.shard_of(columns.item_id)
        for shard, thread in enumerate(self._threads):
            own = columns.take(np.flatnonzero(shards == shard))
            if len(own):
                self._settle(shard, most=WAITING - 1)
                self._pending[shard].append(thread.submit(self._store, shard, own))

    def _settle(self, shard: int, most: int) -> None:
        pending = self._pending[shard]
        while len(pending) > most:
            self.new += pending.pop(0).result()

    def _store(self, shard: int, columns: quotes.QuoteColumns) -> int:
        with self.database.connection() as connection, connection.transaction():
            quotes.relax_commit(connection)
            quotes.lock_source(connection, self.source, shard)
            return quotes.store(connection, self.source, columns, heartbeat=timedelta(0)).inserted

    def _make_partitions(self, columns: quotes.QuoteColumns) -> None:
        months = set(np.unique(columns.time.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)).tolist())
        if not months <= self._months:
            with self.database.connection() as connection:
                quotes.make_partitions(connection, columns)
            self._months |= months


def _columns(
    files: list[Source], item: str | None, names: Names, report: Report, told: Callable[[Source], None]
) -> Iterator[quotes.QuoteColumns]:
    for file in files:
        try:
            for found, rejected in points(file, item=item):
                report.refuse(rejected)
                usable, item_id = names.resolve(found, file.name)
                report.points += len(usable)
                yield quotes.QuoteColumns.of(item_id, usable.time, usable.price, volume=usable.volume, rolling=0)
                told(file)
        except HistoryFileError as error:
            report.failed.append(str(error))
            log.warning("file left out", reason=str(error))


def _joined(parts: list[quotes.QuoteColumns]) -> quotes.QuoteColumns:
    names = quotes.QuoteColumns.__dataclass_fields__
    empty = np.empty(0, dtype=np.int64)
    return quotes.QuoteColumns(
        **{name: np.concatenate([empty, *(getattr(part, name) for part in parts)]) for name in names}
    )


def _told(
    progress: Callable[[Progress], None] | None, files: list[Source], report: Report, begun: float
) -> Callable[[Source], None]:
    total = sum(file.size for file in files)

    def tell(file: Source) -> None:
        if progress:
            done = sum(file.taken for file in files)
            seconds = time.monotonic() - begun
            progress(Progress(file.name, done, total, report.points, report.rejected_count, seconds))

    return tell


def peak_memory() -> int:
    """The most memory this process ever held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
