"""Binance dumps: reads the exchange's monthly and daily files of candles, ZIP or CSV, block by block.

The files of https://data.binance.vision: twelve columns as in `/api/v3/klines`, with or without a header row, times in
milliseconds, since 2025 in microseconds. Beside each there is a `.CHECKSUM`; the exchange replaces files that it has repaired.
"""

import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import numpy as np

from app.providers.binance import columns, wire
from app.providers.binance.units import local_milliseconds
from app.providers.exchange import Symbol
from app.providers.http.rows import shown
from db.candles.columns import CandleColumns

BLOCK: Final = 4 << 20
"""Bytes of a block, unpacked: some 30,000 lines, three weeks of minutes."""

_LONGEST_LINE = 1024
_CHUNK = 1 << 20
_BOM = b"\xef\xbb\xbf"
_NAME = re.compile(r"(?P<symbol>.+)-(?P<interval>\d+(?:s|m|h|d|w|mo))-(?P<period>\d{4}-\d{2}(?:-\d{2})?)\.(?:zip|csv)")


class DumpError(ValueError):
    """The file as a whole cannot be used: damaged, not what its checksum says, or not one CSV."""


@dataclass(frozen=True, slots=True)
class DumpName:
    """What a file's name says: `BTCUSDT-1m-2025-01.zip`."""

    symbol: str
    interval: str
    period: str


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that was left out, by its number from 1."""

    line: int
    reason: str


@dataclass(slots=True)
class DumpBlock:
    """Candles in the file's order, the lines that were left out, and how many bytes of the file, unpacked, it was."""

    candles: CandleColumns
    rejected: list[RejectedLine] = field(default_factory=list)
    size: int = 0


def parse_name(path: Path) -> DumpName:
    """Symbol, interval and month (or day) by the file's name. Raises DumpError for another kind of name."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise DumpError(f"{path.name}: no name of a dump, such as BTCUSDT-1m-2025-01.zip")
    interval = match["interval"].replace("mo", "M")
    return DumpName(match["symbol"], interval, match["period"])


def checksum(path: Path) -> str:
    """SHA-256 of the file, in hexadecimal digits; another one than before means that the exchange replaced the file.

    Raises:
        DumpError: the `.CHECKSUM` beside it says something else.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    found = digest.hexdigest()
    beside = path.with_name(f"{path.name}.CHECKSUM")
    if beside.exists():
        words = beside.read_text(encoding="utf-8", errors="replace")[:_LONGEST_LINE].split()
        if not words or words[0].lower() != found:
            raise DumpError(f"{path.name}: its SHA-256 is {found}, not what {beside.name} says")
    return found


def unpacked_size(path: Path) -> int:
    """Bytes of the CSV, for progress; those of the file where the archive does not tell them."""
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        return path.stat().st_size


def read_dump(
    path: Path, symbol: Symbol, interval: str, *, now: int | None = None, block: int = BLOCK
) -> Iterator[DumpBlock]:
    """The file's candles, some `block` bytes of lines at a time, after its checksum was compared.

    Lines that are not understood, lie off the grid, outside of 2017 to tomorrow, or are not over at `now`, are left out and named
    by their number. `now`, in milliseconds, is the local clock by default: files hold what is over long since.

    Raises:
        DumpError: the file as a whole cannot be used.
        OSError: it cannot be read.
    """
    checksum(path)
    moment = local_milliseconds() if now is None else now
    with _opened(path) as file:
        first = 1
        for data in _blocks(path, file, block):
            lines = data.count(b"\n")
            body = data
            if first == 1 and data.removeprefix(_BOM).startswith(b"open_time"):
                body = data[data.index(b"\n") + 1 :]
            found = _read(body, first + lines - body.count(b"\n"), symbol, interval, moment)
            found.size = len(data)
            yield found
            first += lines


def _read(data: bytes, first: int, symbol: Symbol, interval: str, now: int) -> DumpBlock:
    """Candles of whole lines: those that are plain at once, the others one by one."""
    count = data.count(b"\n")
    parsed = columns.parse(data, count, symbol, interval, now) if count else None
    if parsed is None:
        candles, fits = CandleColumns.of([]), np.zeros(count, dtype=bool)
    else:
        candles, fits = parsed[0].take(parsed[1]), parsed[1]
    if fits.all():
        return DumpBlock(candles)
    lines = data.split(b"\n")
    rows: list[tuple[int, ...]] = []
    places: list[int] = []
    rejected: list[RejectedLine] = []
    for at in np.flatnonzero(~fits).tolist():
        try:
            rows.append(_row(lines[at], symbol, interval, now))
            places.append(at)
        except ValueError as error:
            rejected.append(RejectedLine(first + at, str(error)))
    order = np.argsort(np.concatenate([np.flatnonzero(fits), np.array(places, dtype=np.int64)]))
    return DumpBlock(CandleColumns.join([candles, CandleColumns.of(rows)]).take(order), rejected)


def _row(line: bytes, symbol: Symbol, interval: str, now: int) -> tuple[int, ...]:
    text = line.decode("utf-8", errors="replace").rstrip("\r")
    fields = text.split(",")
    if len(fields) != len(columns.NAMES):
        raise ValueError(f"{len(fields)} columns instead of {len(columns.NAMES)}: {shown(text)}")
    # Opening and closing time, and the number of trades; what is no number stays text and is refused as such.
    row = [
        int(text) if at in {0, 6, 8} and text.isascii() and text.isdigit() else text for at, text in enumerate(fields)
    ]
    kline = wire.kline_row(row, symbol, interval, now)
    if not kline.final:
        raise ValueError(f"the candle of {fields[0]} is not over")
    trades = -1 if kline.trades is None else kline.trades
    return (kline.open_time, kline.open, kline.high, kline.low, kline.close, kline.volume, trades)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    if path.suffix.lower() != ".zip":
        with path.open("rb") as file:
            yield file
        return
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(path))
            names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
            if len(names) != 1:
                raise DumpError(f"{path.name}: {len(names)} CSV files inside instead of one")
            member = stack.enter_context(archive.open(names[0]))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise DumpError(f"{path.name}: {error}") from error
        yield member


def _blocks(path: Path, file: IO[bytes], size: int) -> Iterator[bytes]:
    """Whole lines, each ended by a newline; of a bounded length, for a damaged file may have none."""
    rest = b""
    try:
        while data := file.read(size):
            whole, _, tail = (rest + data).rpartition(b"\n")
            if len(tail) > _LONGEST_LINE:
                raise DumpError(f"{path.name}: a line of more than {_LONGEST_LINE} characters")
            rest = tail
            if whole:
                yield whole + b"\n"
    except (zlib.error, EOFError, zipfile.BadZipFile) as error:
        raise DumpError(f"{path.name}: {error}") from error
    if rest:
        yield rest + b"\n"
