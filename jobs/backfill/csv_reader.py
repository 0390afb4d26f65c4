"""CSV reader: reads price histories, plain lines in bulk and odd ones one by one."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.analytics.arrays import Ints
from app.spreadsheet import unguard
from jobs.backfill.blocks import BOM, Source, Truncated
from jobs.backfill.plain_lines import Block, Columns, parse
from jobs.backfill.points import (
    HistoryFileError,
    Points,
    Rejected,
    RejectedError,
    cents,
    count,
    microseconds,
    not_in_future,
)

FIELDS = ("market_hash_name", "date", "price", "volume")


@dataclass(frozen=True, slots=True)
class OddLine:
    """A line read by itself."""

    line: int
    name: bytes
    time: int
    price: int
    volume: int


def read(source: Source, latest: int) -> Iterator[tuple[Points, list[Rejected]]]:
    """Points of a CSV file with a header, a block at a time; times after `latest` (microseconds) are refused.

    Raises:
        HistoryFileError: there is no header with the four fields.
    """
    line, columns = 1, None
    for data in source.blocks():
        if isinstance(data, Truncated):
            yield _nothing(), [Rejected(source.name, line, data.reason)]
            return
        body = data
        if columns is None:
            head, _, body = data.removeprefix(BOM).partition(b"\n")
            columns, line = _header(head, source.name), 2
            if not body:
                continue
        block = parse(body, columns, latest)
        yield _points(body, block, columns, source.name, line, latest)
        line += len(block.begin)
    if columns is None:
        raise HistoryFileError(f"{source.name}: the file is empty")


def _header(data: bytes, file: str) -> Columns:
    try:
        titles = [title.strip().lower() for title in _fields(data)]
    except RejectedError as error:
        raise HistoryFileError(f"{file}: line 1: {error}") from None
    missing = [name for name in FIELDS if titles.count(name) != 1]
    if missing:
        raise HistoryFileError(f"{file}: line 1 must name {', '.join(FIELDS)}, each once; look at {', '.join(missing)}")
    name, date, price, volume = (titles.index(name) for name in FIELDS)
    return Columns(name, date, price, volume, len(titles))


def _points(
    data: bytes, block: Block, columns: Columns, file: str, first_line: int, latest: int
) -> tuple[Points, list[Rejected]]:
    odd: list[OddLine] = []
    rejected: list[Rejected] = []
    for row in block.odd.tolist():
        try:
            odd.append(_odd(data[block.begin[row] : block.end[row]], columns, first_line + row, latest))
        except RejectedError as error:
            rejected.append(Rejected(file, first_line + row, str(error)))
    place = {name: at for at, name in enumerate(block.names)}
    for point in odd:
        place.setdefault(point.name, len(place))
    names: list[str] = []
    undecodable = set()
    for name, at in place.items():
        try:
            names.append(unguard(name.decode()))  # our own exports guard names
        except UnicodeDecodeError:
            names.append("")
            undecodable.add(at)
    points = Points(
        names,
        _join(block.name_of, [place[point.name] for point in odd]),
        _join(block.time, [point.time for point in odd]),
        _join(block.price, [point.price for point in odd]),
        _join(block.volume, [point.volume for point in odd]),
        _join(block.plain + first_line, [point.line for point in odd]),
    )
    return _decodable(points.take(np.argsort(points.line)) if odd else points, undecodable, rejected, file), rejected


def _odd(data: bytes, columns: Columns, line: int, latest: int) -> OddLine:
    fields = _fields(data)
    if len(fields) != columns.total:
        raise RejectedError(f"{len(fields)} fields instead of {columns.total}")
    name = fields[columns.name].strip()
    if not name:
        raise RejectedError("no market_hash_name")
    date = fields[columns.date]
    time = not_in_future(microseconds(date), latest, date)
    return OddLine(line, _encode(name), time, cents(fields[columns.price].strip()), count(fields[columns.volume]))


def _fields(data: bytes) -> list[str]:
    try:
        return next(csv.reader([data.decode(errors="surrogateescape").rstrip("\r")], strict=True), [])
    except csv.Error as error:
        raise RejectedError(f"no CSV: {error}") from None


def _encode(name: str) -> bytes:
    return name.encode(errors="surrogateescape")


def _join(plain: Ints, odd: list[int]) -> Ints:
    return np.concatenate([plain, np.array(odd, dtype=np.int64)]) if odd else plain


def _decodable(points: Points, undecodable: set[int], rejected: list[Rejected], file: str) -> Points:
    """Without the names that are not UTF-8."""
    if not undecodable:
        return points
    bad = np.isin(points.name, list(undecodable))
    rejected += [Rejected(file, line, "market_hash_name is not UTF-8") for line in points.line[bad].tolist()]
    return points.take(np.flatnonzero(~bad))


def _nothing() -> Points:
    empty = np.empty(0, dtype=np.int64)
    return Points([], empty, empty, empty, empty, empty)
