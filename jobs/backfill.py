"""Price-history files into the database, fast and beside a running instance; running it again changes nothing."""

import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from db import quotes
from db.pool import Database
from jobs.backfill_names import Names
from jobs.backfill_writers import Writers
from jobs.history_bytes import Source
from jobs.history_files import open_file, points
from jobs.history_points import HistoryFileError, Rejected

log = structlog.get_logger(__name__)

ENOUGH = 200_000
"""Points that make a batch; small files are stored together."""
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
    names = Names(database, source)
    with Writers(database, source) as writers:
        waiting: list[quotes.QuoteColumns] = []
        for columns in _columns(files, item, names, report, _told(progress, files, report, begun)):
            waiting.append(columns)
            if sum(map(len, waiting)) >= ENOUGH:
                writers.store(quotes.QuoteColumns.joined(waiting))
                waiting.clear()
        writers.store(quotes.QuoteColumns.joined(waiting))
    report.new, report.known = writers.new, report.points - writers.new
    report.items, report.new_items = names.known, names.added
    report.seconds = time.monotonic() - begun
    report.peak_memory = peak_memory()
    return report


def _columns(
    files: list[Source], item: str | None, names: Names, report: Report, told: Callable[[Source], None]
) -> Iterator[quotes.QuoteColumns]:
    for file in files:
        try:
            for found, rejected in points(file, item=item):
                report.refuse(rejected)
                usable, item_id, unusable = names.resolve(found, file.name)
                report.refuse(unusable)
                report.points += len(usable)
                yield quotes.QuoteColumns.of(item_id, usable.time, usable.price, volume=usable.volume, rolling=0)
                told(file)
        except HistoryFileError as error:
            report.failed.append(str(error))
            log.warning("file left out", reason=str(error))


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
