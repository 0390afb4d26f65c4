"""Backfill run: loads price-history files beside a running instance; a second run changes nothing."""

import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import structlog

from db.core.pool import Database
from db.operations.integrity import HEARTBEAT
from db.quotes import writer
from jobs.backfill.blocks import Source
from jobs.backfill.files import open_file, points
from jobs.backfill.names import Names
from jobs.backfill.points import HistoryFileError, Rejected
from jobs.backfill.writers import Batch, Conflict, Outcome, Writers

log = structlog.get_logger(__name__)

BATCH_POINTS = 200_000
"""Points that make a batch; small files are stored together."""
MAX_REJECTIONS = 10_000
LINE_BITS = 40
LINE_MASK = (1 << LINE_BITS) - 1
"""A line of a file, as one number: the file's place above, the line below these bits."""


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

    `points` were read and sound, of which `new` were not in the history before, `known` were, and `conflict_count` say otherwise
    than a stored quote or than another line; of these `replaced` took the place of stored ones. `refused` of the known fall into hours
    whose quotes are deleted, so that they cannot be compared. `items` have points, `new_items` were not known before. `rejected` and
    `conflicts` hold the first MAX_REJECTIONS lines of `rejected_count` and `conflict_count`, by line.
    `failed` are files that could not be used as a whole. `peak_memory` is this process's, in bytes.
    """

    points: int = 0
    new: int = 0
    known: int = 0
    replaced: int = 0
    refused: int = 0
    conflicts: list[str] = field(default_factory=list)
    conflict_count: int = 0
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
            if len(self.rejected) < MAX_REJECTIONS:
                self.rejected.append(line)


def backfill(
    database: Database,
    paths: Sequence[Path],
    source: str,
    *,
    progress: Callable[[Progress], None] | None = None,
    item: str | None = None,
    replace: bool = False,
    heartbeat: timedelta = HEARTBEAT,
) -> Report:
    """Bring price-history files in as quotes of `source`; volumes count each point's own interval.

    A point that contradicts a stored quote of its time, or another point, is named; the stored one or the first stays. With `replace`
    the point takes its place, the last of several, and everything derived follows. `heartbeat` is the instance's.

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
    with Writers(database, source, replace=replace, heartbeat=heartbeat) as writers:
        waiting: list[Batch] = []
        for batch in _batches(files, item, names, report, _progress_reporter(progress, files, report, begun)):
            waiting.append(batch)
            if sum(map(len, waiting)) >= BATCH_POINTS:
                writers.store(Batch.joined(waiting))
                waiting.clear()
        writers.store(Batch.joined(waiting))
    _summarise(report, writers.outcome, files, names, replace=replace)
    report.seconds = time.monotonic() - begun
    report.peak_memory = peak_memory()
    return report


def _batches(
    files: list[Source], item: str | None, names: Names, report: Report, report_progress: Callable[[Source], None]
) -> Iterator[Batch]:
    for at, file in enumerate(files):
        try:
            for found, rejected in points(file, item=item):
                report.refuse(rejected)
                usable, item_id, unusable = names.resolve(found, file.name)
                report.refuse(unusable)
                report.points += len(usable)
                columns = writer.QuoteColumns.of(item_id, usable.time, usable.price, volume=usable.volume, rolling=0)
                yield Batch(columns, usable.line + (at << LINE_BITS))
                report_progress(file)
        except HistoryFileError as error:
            report.failed.append(str(error))
            log.warning("file left out", reason=str(error))


def _summarise(report: Report, outcome: Outcome, files: list[Source], names: Names, *, replace: bool) -> None:
    report.new, report.replaced, report.refused = outcome.new, outcome.replaced, outcome.refused
    report.conflict_count = outcome.conflict_count
    report.known = report.points - outcome.new - outcome.conflict_count
    report.items, report.new_items = names.known, names.added
    named = {item: name for name, item in names.ids.items()}
    for conflict in sorted(outcome.conflicts, key=lambda conflict: conflict.origin):
        report.conflicts.append(_sentence(conflict, named[conflict.item_id], files, replace=replace))


def _sentence(conflict: Conflict, name: str, files: list[Source], *, replace: bool) -> str:
    file, line = files[conflict.origin >> LINE_BITS].name, conflict.origin & LINE_MASK
    time = np.datetime_as_string(np.datetime64(conflict.time, "us"), unit="s")
    verb, other = "contradicts", "what is kept"
    if conflict.other >= 0:
        at, other_line = conflict.other >> LINE_BITS, conflict.other & LINE_MASK
        other = f"line {other_line}" if files[at].name == file else f"{files[at].name}:{other_line}"
    elif replace and not conflict.final:
        verb = "replaces"
    other += f" ({_figures(conflict.other_price, conflict.other_volume)})"
    rest = ", which stays: other quotes of its hour are deleted" if replace and conflict.final else ""
    return f"{file}:{line}: {name} {time}Z: {_figures(conflict.price, conflict.volume)} {verb} {other}{rest}"


def _figures(price: int, volume: int) -> str:
    return f"price {price // 100}.{price % 100:02}, volume {'unknown' if volume < 0 else volume}"


def _progress_reporter(
    progress: Callable[[Progress], None] | None, files: list[Source], report: Report, begun: float
) -> Callable[[Source], None]:
    total = sum(file.size for file in files)

    def report_progress(file: Source) -> None:
        if progress:
            done = sum(file.taken for file in files)
            seconds = time.monotonic() - begun
            progress(Progress(file.name, done, total, report.points, report.rejected_count, seconds))

    return report_progress


def peak_memory() -> int:
    """The most memory this process ever held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
