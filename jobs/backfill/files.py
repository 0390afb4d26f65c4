"""File formats: recognises CSV and Steam's JSON and yields their points."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from jobs.backfill import csv_reader, steam_json
from jobs.backfill.blocks import BOM, Source
from jobs.backfill.points import CLOCK_SKEW, EPOCH, MICROSECOND, Points, Rejected


def points(source: Source, *, item: str | None = None) -> Iterator[tuple[Points, list[Rejected]]]:
    """Points and refused lines of a file, some 100,000 lines at a time: CSV with a header or Steam's JSON, either gzipped.

    Raises:
        HistoryFileError: the file as a whole cannot be used.
    """
    latest = (datetime.now(UTC) + CLOCK_SKEW - EPOCH) // MICROSECOND
    if source.start().removeprefix(BOM).lstrip()[:1] in {b"{", b"["}:
        yield steam_json.read(source, item, latest)
    else:
        yield from csv_reader.read(source, latest)


def open_file(path: Path) -> Source:
    """A file to read.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb"):
        return Source(path)
