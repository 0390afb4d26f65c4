"""Binary COPY: encodes arrays as rows of PostgreSQL's binary format and reads packed rows back as arrays."""

import struct
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from db.core.arrays import Array

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
REAL_OID = 700
ROWS_AT_ONCE = 2_000
POSTGRES_EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970."""
WIRE = {"int4": ">i4", "int8": ">i8", "float8": ">f8", "timestamptz": ">i8"}
UNKNOWN = -1
"""Stands for null in a column of integers; no price, volume or count is negative."""

Columns = Mapping[str, tuple[str, Array]]
Layout = list[Any]
NULL = b"\xff\xff\xff\xff"
"""The field of a null."""
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Element:
    """What an array holds: its type's number in the server's catalogue, and its big-endian dtype."""

    oid: int
    kind: str


BOOL, INT8, INT4, TIMESTAMPTZ = Element(16, "i1"), Element(20, ">i8"), Element(23, ">i4"), Element(1184, ">i8")


def encode(columns: Columns, nulls: Collection[str] = ()) -> Iterator[bytes]:
    """COPY data of columns given as (big-endian dtype, values of shape (n,)); a 2-D `>f4` column becomes a real[].

    `UNKNOWN` in a column named in `nulls` becomes null; rows that are null in the same columns come together, each such
    group in the order given. A text column is an array of bytes of one length (dtype `S5`, say).
    """
    yield SIGNATURE
    for rows, missing in _null_patterns(columns, nulls):
        yield from _blocks(columns, rows, missing)
    yield TRAILER


def copy(connection: psycopg.Connection, table: str, columns: Columns, nulls: Collection[str] = ()) -> None:
    """Copy columns into the table's columns of the same names."""
    names = sql.SQL(", ").join(sql.Identifier(name) for name in columns)
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(command) as writer:
        for block in encode(columns, nulls):
            writer.write(block)


def copy_fields(
    connection: psycopg.Connection, table: str, names: Sequence[str], rows: Iterable[tuple[bytes, ...]]
) -> None:
    """Copy rows given as fields into the table's columns of those names: for values of no fixed length."""
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in names)
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(sql.Identifier(table), columns)
    head = struct.pack(">h", len(names))
    with connection.cursor() as cursor, cursor.copy(command) as writer:
        block = bytearray(SIGNATURE)
        for row in rows:
            block += head
            block += b"".join(row)
            if len(block) >= BLOCK:
                writer.write(block)
                block = bytearray()
        writer.write(block + TRAILER)


def field(value: bytes) -> bytes:
    """One field of a row."""
    return len(value).to_bytes(4, "big") + value


def fields(kind: str, values: Array, *, nulls: bool = False) -> list[bytes]:
    """The fields of a column of shape (n,), of one length; with `nulls`, `UNKNOWN` is null."""
    cells = np.empty(len(values), dtype=[("size", ">i4"), ("value", kind)])
    cells["size"], cells["value"] = cells.dtype["value"].itemsize, values
    data, width = cells.tobytes(), cells.dtype.itemsize
    found = [data[at : at + width] for at in range(0, len(data), width)]
    return (
        [NULL if value == UNKNOWN else one for value, one in zip(values.tolist(), found, strict=True)]
        if nulls
        else found
    )


def array_fields(element: Element, values: Array, known: Array, first: Array) -> list[bytes]:
    """A field per group of values (n,), which begin at `first`: an array, null where none of the group is `known`."""
    cells = np.empty(len(values), dtype=[("size", ">i4"), ("value", element.kind)])
    width = cells.dtype.itemsize
    cells["size"], cells["value"] = np.where(known, width - 4, -1), values
    data = cells.view(np.uint8).reshape(len(values), width)
    kept = np.ones(data.shape, dtype=np.bool_)
    kept[~known, 4:] = False
    packed = data[kept].tobytes()
    ends = np.cumsum(np.where(known, width, 4))[np.append(first[1:], len(values)) - 1].tolist()
    counts = np.diff(first, append=len(values)).tolist()
    whole, some = np.logical_and.reduceat(known, first).tolist(), np.logical_or.reduceat(known, first).tolist()
    found, start = [], 0
    for end, count, full, any_known in zip(ends, counts, whole, some, strict=True):
        head = struct.pack(">iiiIii", 20 + end - start, 1, not full, element.oid, count, 1)
        found.append(head + packed[start:end] if any_known else NULL)
        start = end
    return found


def array(data: bytes, element: Element) -> Array:
    """The values of an array as `array_send` gives it, shape (n,); `UNKNOWN` for null."""
    count, width = int.from_bytes(data[12:16], "big"), 4 + np.dtype(element.kind).itemsize
    if len(data) == 20 + count * width:
        return np.frombuffer(data, dtype=[("size", ">i4"), ("value", element.kind)], offset=20)["value"].astype(
            np.int64
        )
    found, at = np.full(count, UNKNOWN, dtype=np.int64), 20
    for row in range(count):
        if data[at : at + 4] == NULL:
            at += 4
        else:
            found[row] = int.from_bytes(data[at + 4 : at + width], "big", signed=True)
            at += width
    return found


def read(
    connection: psycopg.Connection,
    query: sql.Composed | sql.SQL,
    parameters: Mapping[str, Any],
    columns: Sequence[tuple[str, str]],
) -> Array:
    """A query's rows as a structured array of shape (n,) in native byte order.

    `columns` are (name, big-endian dtype) in the query's order; times come in microseconds since 2000-01-01. No value may
    be null: every row must have the same width.
    """
    layout: Layout = [("fields", ">i2")]
    for name, kind in columns:
        layout += [(f"{name}:size", ">i4"), (name, kind)]
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(query), parameters) as reader,
    ):
        data = b"".join(bytes(block) for block in reader)
    packed = np.frombuffer(data[len(SIGNATURE) : -len(TRAILER)], dtype=np.dtype(layout))
    rows = np.empty(len(packed), dtype=[(name, kind.replace(">", "=")) for name, kind in columns])
    for name, _ in columns:
        rows[name] = packed[name]
    return rows


def read_packed(
    connection: psycopg.Connection,
    origin: sql.Composable,
    parameters: Mapping[str, Any],
    columns: Mapping[str, tuple[str, str]],
) -> dict[str, Array]:
    """Rows of `origin` (what follows FROM) as arrays of shape (n,), in no particular order; no value may be null.

    `columns` maps names to (SQL expression, kind): `int4`, `int8`, `float8`, or `timestamptz`, which comes in microseconds since
    1970. One of the origin's columns is `item_id`. A million rows take a sixth of the time of `read`: the server packs them, an
    item at a time, into one value.
    """
    packed = sql.SQL(" || ").join(
        sql.SQL(f"{kind}{'_send' if kind == 'timestamptz' else 'send'}({expression})")
        for expression, kind in columns.values()
    )
    query = sql.SQL("SELECT string_agg({packed}, ''::bytea) FROM {origin} GROUP BY item_id").format(
        packed=packed, origin=origin
    )
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        data = b"".join(row[0] for row in cursor.execute(query, parameters))
    rows = np.frombuffer(data, dtype=np.dtype([(name, WIRE[kind]) for name, (_, kind) in columns.items()]))
    found: dict[str, Array] = {}
    for name, (_, kind) in columns.items():
        found[name] = rows[name].astype(np.float64 if kind == "float8" else np.int64)
        if kind == "timestamptz":
            found[name] += POSTGRES_EPOCH_US
    return found


def literal(values: Array) -> str:
    """Numbers of shape (n,) as the text of a PostgreSQL array: a tenth of the time that psycopg takes for a list."""
    return "{" + ",".join(map(str, values.tolist())) + "}"


def postgres_time(microseconds: Array) -> tuple[str, Array]:
    """A timestamptz column from microseconds since 1970; `UNKNOWN` stays."""
    return (">i8", np.where(microseconds == UNKNOWN, UNKNOWN, microseconds - POSTGRES_EPOCH_US))


def text(value: str, rows: int) -> tuple[str, Array]:
    """A text column that holds one value throughout."""
    encoded = value.encode()
    return (f"S{len(encoded)}", np.broadcast_to(np.array(encoded), (rows,)))


def _null_patterns(columns: Columns, nulls: Collection[str]) -> Iterator[tuple[Array | slice, frozenset[str]]]:
    """Rows that are null in the same columns, and which those are."""
    pattern: Any = 0
    for bit, name in enumerate(nulls):
        pattern = pattern | ((columns[name][1] == UNKNOWN).astype(np.int64) << bit)
    codes = np.unique(pattern)
    for code in codes.tolist():
        rows = slice(None) if len(codes) == 1 else np.flatnonzero(pattern == code)
        yield rows, frozenset(name for bit, name in enumerate(nulls) if code >> bit & 1)


def _blocks(columns: Columns, rows: Array | slice, missing: frozenset[str]) -> Iterator[bytes]:
    dtype = _row_type(columns, missing)
    first = np.zeros(1, dtype=dtype)
    first["fields"] = len(columns)
    for name in columns:
        first[f"{name}:size"] = -1 if name in missing else dtype[name].itemsize
    chosen = {name: values[rows] for name, (_, values) in columns.items() if name not in missing}
    total = len(np.arange(len(next(iter(columns.values()))[1]))[rows])
    for start in range(0, total, ROWS_AT_ONCE):
        block = np.repeat(first, min(ROWS_AT_ONCE, total - start))
        for name, values in chosen.items():
            part = values[start : start + len(block)]
            if part.ndim == 1:
                block[name] = part
            else:
                _fill_array(block[name], part)
        yield block.tobytes()


def _row_type(columns: Columns, missing: frozenset[str]) -> np.dtype[Any]:
    layout: Layout = [("fields", ">i2")]
    for name, (kind, values) in columns.items():
        layout.append((f"{name}:size", ">i4"))
        if name not in missing:
            layout.append((name, kind) if values.ndim == 1 else (name, _array_type(values.shape[1])))
    return np.dtype(layout)


def _array_type(length: int) -> np.dtype[Any]:
    element = np.dtype([("size", ">i4"), ("value", ">f4")])
    header = [(name, ">i4") for name in ("dimensions", "nulls", "type", "length", "first")]
    return np.dtype([*header, ("elements", element, (length,))])


def _fill_array(target: Array, values: Array) -> None:
    target["dimensions"], target["type"], target["length"], target["first"] = 1, REAL_OID, values.shape[1], 1
    target["elements"]["size"] = 4
    target["elements"]["value"] = values
