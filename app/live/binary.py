"""Binary frames: prices as numbers behind a checksum, which a browser reads without parsing text (docs/live.md)."""

import math
import struct
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from app.live.protocol import binary_frame

Encoding = Literal["json", "v1", "v2"]
SUBPROTOCOLS: Final[dict[str, Encoding]] = {"tracera.v2.binary": "v2", "tracera.v1.binary": "v1"}
"""What a client may offer, the best first; without any it gets JSON."""
MAX_ROWS: Final = 2**16 - 1
MAX_SOURCES: Final = 2**8
MAX_NAME: Final = 2**8 - 1
"""Bytes of a source's name."""
EXACT: Final = 2**53
"""Up to here, and down to its negative, an f64 holds every whole number."""

_CHECKSUM = struct.Struct("<I")
_COUNT = struct.Struct("<H")
_RECORD = struct.Struct("<Idd")
_HEAD = struct.Struct("<HHdd")
_ROW = struct.Struct("<Iddd")
_FIELDS: Final = frozenset({"type", "item_id", "price", "volume", "source", "timestamp", "offset"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_UNKNOWN: Final = float("nan")


class Row(NamedTuple):
    """One price of a frame."""

    packed: bytes
    """Its numbers, as `pack_row` makes them."""
    source: bytes
    offset: float
    """Below 0 where it is not numbered."""
    published: float
    """Milliseconds since 1970; infinite where that is not known."""


def pack_row(item_id: int, message: dict[str, Any], at: datetime) -> bytes:
    """The numbers of one price; empty where JSON says more: a whole number that f64 does not hold, or further fields."""
    price, volume, microseconds = message["price"], message.get("volume"), (at - _EPOCH) // _MICROSECOND
    if not (_is_exact(price) and _is_exact(volume) and _is_exact(microseconds) and message.keys() <= _FIELDS):
        return b""
    if len(message["source"].encode()) > MAX_NAME:
        return b""
    return _ROW.pack(item_id, price, _UNKNOWN if volume is None else volume, microseconds)


def _is_exact(value: object) -> bool:
    return not isinstance(value, int) or -EXACT <= value <= EXACT


def rows_frame(rows: Sequence[Row]) -> bytes:
    """WebSocket frames of `tracera.v2.binary`: one, unless there are more rows or sources than it can count."""
    packed, sources, offsets, times = zip(*rows, strict=True)
    names = dict.fromkeys(sources)
    if len(rows) > MAX_ROWS or len(names) > MAX_SOURCES:
        half = len(rows) // 2
        return rows_frame(rows[:half]) + rows_frame(rows[half:])
    if len(names) == 1:
        which = bytes(len(rows))
    else:
        places = {name: place for place, name in enumerate(names)}
        which = bytes([places[source] for source in sources])
    offset, published = max(offsets), min(times)
    known = offset if offset >= 0 else _UNKNOWN, published if published < math.inf else _UNKNOWN
    table = [bytes((len(name),)) + name for name in names]
    return _checked(b"".join([_HEAD.pack(len(rows), len(names), *known), *packed, which, *table]))


def records_frame(records: Iterable[bytes]) -> bytes:
    """One WebSocket frame of `tracera.v1.binary` with at most `MAX_ROWS` of `record`'s results."""
    packed = list(records)
    if len(packed) > MAX_ROWS:
        raise ValueError(f"{len(packed)} records do not fit one frame")
    return _checked(_COUNT.pack(len(packed)) + b"".join(packed))


def record(item_id: int, price: int, volume: float | None) -> bytes:
    """One price of `tracera.v1.binary`: minor units, and NaN for a volume that is not known."""
    return _RECORD.pack(item_id, price, _UNKNOWN if volume is None else volume)


def _checked(body: bytes) -> bytes:
    return binary_frame(_CHECKSUM.pack(zlib.crc32(body)) + body)
