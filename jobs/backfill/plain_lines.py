"""Plain-line parser: reads simple CSV lines in NumPy, a block at a time; every other line is left to `csv_reader`."""

from dataclasses import dataclass

import numpy as np

from app.analytics.arrays import Bools, Bytes, Ints
from db.core.binary import UNKNOWN
from jobs.backfill.points import EARLIEST, EPOCH, MAX_DIGITS, MICROSECOND

NEWLINE, RETURN, COMMA, QUOTE, DOT, ZERO = b'\n\r,".0'
PAD = 128
"""Zero bytes on both sides of a block: no window reaches over its edge."""
MAX_NAME_LENGTH = 120
DATE_LENGTH = 19
DATE_MARKS = ((4, b"-"), (7, b"-"), (13, b":"), (16, b":"))
EARLIEST_US = (EARLIEST - EPOCH) // MICROSECOND
POWERS = 10 ** np.arange(MAX_DIGITS + 3, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the four fields stand in a line, and how many fields a line has."""

    name: int
    date: int
    price: int
    volume: int
    total: int


@dataclass(frozen=True, slots=True)
class Spans:
    """Fields of n lines: begin and end (exclusive) in the padded block; shape (n,)."""

    begin: Ints
    end: Ints

    @property
    def length(self) -> Ints:
        """Bytes of each field."""
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of a block. `plain` holds the rows read here, `odd` those that need a closer look; both count from 0.

    `name_of` says to which of `names` a plain row belongs; the rest is as in `Points`.
    """

    begin: Ints
    end: Ints
    plain: Ints
    odd: Ints
    names: list[bytes]
    name_of: Ints
    time: Ints
    price: Ints
    volume: Ints


def parse(data: bytes, columns: Columns, latest: int) -> Block:
    """Read a block of whole lines, each ended by a newline; times after `latest` are odd."""
    block = np.frombuffer(bytes(PAD) + data + bytes(PAD), dtype=np.uint8)
    end = np.flatnonzero(block == NEWLINE)
    begin = np.concatenate([[PAD], end[:-1] + 1])
    end = end - (block[end - 1] == RETURN)
    rows, fields = _split(block, begin, end, columns.total)
    name, date, price, volume = (fields[at] for at in (columns.name, columns.date, columns.price, columns.volume))
    time, good = _times(block, date, latest)
    cents, fine = _cents(block, price)
    sold, whole = _counts(block, volume)
    first = block[name.begin]
    last = block[name.end - 1]
    good &= fine & whole & (name.length > 0) & (name.length <= MAX_NAME_LENGTH) & (first > ord(" ")) & (last > ord(" "))
    chosen = np.flatnonzero(good)
    names, name_of = _names(block, Spans(name.begin[chosen], name.end[chosen]))
    odd = np.ones(len(begin), dtype=np.bool_)
    odd[rows[chosen]] = False
    odd &= end > begin
    return Block(
        begin - PAD,
        end - PAD,
        rows[chosen],
        np.flatnonzero(odd),
        names,
        name_of,
        time[chosen],
        cents[chosen],
        sold[chosen],
    )


def _split(block: Bytes, begin: Ints, end: Ints, total: int) -> tuple[Ints, list[Spans]]:
    """Rows with the right number of fields and no quotes, and their fields."""
    commas = np.flatnonzero(block == COMMA)
    first = np.searchsorted(commas, begin)
    plain = np.diff(first, append=len(commas)) == total - 1
    quotes = np.flatnonzero(block == QUOTE)
    plain[np.searchsorted(begin, quotes, side="right") - 1] = False
    rows = np.flatnonzero(plain)
    edges = [commas[first[rows] + at] for at in range(total - 1)]
    starts, ends = [begin[rows], *(edge + 1 for edge in edges)], [*edges, end[rows]]
    return rows, [Spans(*span) for span in zip(starts, ends, strict=True)]


def _window(block: Bytes, begin: Ints, width: int) -> Bytes:
    """Bytes from each position on; shape (width, n), a column of the text to a row."""
    gathered = np.lib.stride_tricks.sliding_window_view(block, width)[begin]
    return np.ascontiguousarray(gathered.T)


def _times(block: Bytes, date: Spans, latest: int) -> tuple[Ints, Bools]:
    """Times like `2013-08-14 01:00:00`, and which are such."""
    text = _window(block, date.begin, DATE_LENGTH)
    good = (date.length == DATE_LENGTH) & ((text[10] == ord(" ")) | (text[10] == ord("T")))
    for at, mark in DATE_MARKS:
        good &= text[at] == mark[0]
    digits = text - np.uint8(ZERO)
    for at in (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18):
        good &= digits[at] <= 9  # noqa: PLR2004  # a decimal digit
    pairs = [digits[at].astype(np.int64) * 10 + digits[at + 1] for at in (0, 2, 5, 8, 11, 14, 17)]
    century, of_century, month, day, hour, minute, second = pairs
    months = (century * 100 + of_century - 1970) * 12 + month - 1
    start = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    good &= (month >= 1) & (month <= 12) & (day >= 1) & (day <= following - start)  # noqa: PLR2004
    good &= (hour < 24) & (minute < 60) & (second < 60)  # noqa: PLR2004
    time = ((((start + day - 1) * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000
    return time, good & (time >= EARLIEST_US) & (time <= latest)


def _digits(block: Bytes, span: Spans) -> tuple[Ints, Ints, Ints, Bools]:
    """Digits as a number, how many there are, how many of them stand behind a dot, and which fields are nothing else."""
    width = int(min(span.length.max(initial=1), MAX_DIGITS + 1))
    text = _window(block, span.end - width, width)
    value = np.zeros(len(span.begin), dtype=np.int64)
    dots, behind = np.zeros_like(value), np.zeros_like(value)
    good = span.length <= width
    for at in range(width):
        inside = span.length >= width - at
        dot = inside & (text[at] == DOT)
        digit = text[at] - np.uint8(ZERO)
        number = inside & (digit <= 9)  # noqa: PLR2004  # a decimal digit
        good &= ~inside | dot | number
        value = np.where(number, value * 10 + digit, value)
        dots += dot
        behind += dots & number
    return value, span.length - dots, behind, good & (dots <= 1)


def _cents(block: Bytes, span: Spans) -> tuple[Ints, Bools]:
    """Prices in cents, half a cent to the even one, and which fields are plain prices."""
    value, digits, behind, good = _digits(block, span)
    good &= (digits > 0) & (digits <= MAX_DIGITS)
    behind = np.where(good, behind, 0)
    unit = POWERS[np.maximum(behind - 2, 0)]
    whole, rest = np.divmod(value * POWERS[np.maximum(2 - behind, 0)], unit)
    up = (rest * 2 > unit) | ((rest * 2 == unit) & (whole % 2 == 1))
    cents = whole + up
    return cents, good & (cents > 0) & (digits - behind <= MAX_DIGITS - 2)


def _counts(block: Bytes, span: Spans) -> tuple[Ints, Bools]:
    """Volumes, and which fields are digits or empty."""
    value, digits, _, good = _digits(block, span)
    return np.where(span.length == 0, UNKNOWN, value), good & (digits == span.length) & (digits <= MAX_DIGITS)


def _names(block: Bytes, span: Spans) -> tuple[list[bytes], Ints]:
    """Different names, and which one each row has; rows of one name mostly stand together."""
    if not len(span.begin):
        return [], np.empty(0, dtype=np.int64)
    width = int(span.length.max())
    text = _window(block, span.begin, width)
    same = span.length[1:] == span.length[:-1]
    for at in range(width):
        same &= (text[at, 1:] == text[at, :-1]) | (span.length[1:] <= at)
    first = np.flatnonzero(np.append([True], ~same))
    place: dict[bytes, int] = {}
    raw = block.tobytes()
    of_run = [
        place.setdefault(raw[begin:end], len(place))
        for begin, end in zip(span.begin[first].tolist(), span.end[first].tolist(), strict=True)
    ]
    return list(place), np.repeat(of_run, np.diff(first, append=len(span.begin)))
