"""Arrays as rows of PostgreSQL's binary COPY format: every column has one width, so a block of rows is one array."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import sql

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
REAL_OID = 700
ROWS_AT_ONCE = 50_000
POSTGRES_EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970."""

Array = npt.NDArray[Any]
Layout = list[Any]


def encode(columns: Mapping[str, tuple[str, Array]]) -> Iterator[bytes]:
    """COPY data of columns given as (big-endian dtype, values of shape (n,)); a 2-D `>f4` column becomes a real[].

    Nothing is null: the reader of the staging table turns its sentinel (-1 or NaN) into null.
    """
    layout: Layout = [("fields", ">i2")]
    for name, (kind, values) in columns.items():
        layout.append((f"{name}:size", ">i4"))
        layout.append((name, kind) if values.ndim == 1 else (name, _array_type(values.shape[1])))
    dtype = np.dtype(layout)
    total = len(next(iter(columns.values()))[1])
    yield SIGNATURE
    for start in range(0, total, ROWS_AT_ONCE):
        stop = min(start + ROWS_AT_ONCE, total)
        rows = np.zeros(stop - start, dtype=dtype)
        rows["fields"] = len(columns)
        for name, (_, values) in columns.items():
            rows[f"{name}:size"] = dtype[name].itemsize
            if values.ndim == 1:
                rows[name] = values[start:stop]
            else:
                _fill_array(rows[name], values[start:stop])
        yield rows.tobytes()
    yield TRAILER


def copy(connection: psycopg.Connection, table: str, columns: Mapping[str, tuple[str, Array]]) -> None:
    """Copy columns into the table's columns of the same names."""
    names = sql.SQL(", ").join(sql.Identifier(name) for name in columns)
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(command) as writer:
        for block in encode(columns):
            writer.write(block)


def _array_type(length: int) -> np.dtype[Any]:
    element = np.dtype([("size", ">i4"), ("value", ">f4")])
    header = [(name, ">i4") for name in ("dimensions", "nulls", "type", "length", "first")]
    return np.dtype([*header, ("elements", element, (length,))])


def _fill_array(target: Array, values: Array) -> None:
    target["dimensions"], target["type"], target["length"], target["first"] = 1, REAL_OID, values.shape[1], 1
    target["elements"]["size"] = 4
    target["elements"]["value"] = values
