"""CSV, Parquet and .npz files of data frames.

A column of the kind `price` is made of the column `<name>_minor` and of `price_scale`.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from app.spreadsheet import guard

PRICE = pa.decimal128(29, 8)
"""A column has one scale; no item's currency has more than eight digits behind the point."""
PARQUET: Mapping[str, Any] = {
    "str": pa.string(),
    "bool": pa.bool_(),
    "boolean": pa.bool_(),
    "int64": pa.int64(),
    "Int64": pa.int64(),
    "float64": pa.float64(),
    "datetime64[us, UTC]": pa.timestamp("us", tz="UTC"),
    "price": PRICE,
}

PLAIN: Mapping[str, str] = {
    "str": "int32",
    "bool": "bool",
    "boolean": "int8",
    "int64": "int64",
    "Int64": "int64",
    "float64": "float64",
    "datetime64[us, UTC]": "datetime64[us]",
}


def write_csv(file: IO[bytes], frames: Iterable[pd.DataFrame], columns: Mapping[str, str]) -> int:
    """UTF-8 without a byte order mark, lines as in RFC 4180, text guarded against formulas; returns how many rows.

    Prices have the digits of their item's currency, times are RFC 3339 with a Z, unknown is empty.
    """
    file.write((",".join(columns) + "\r\n").encode())
    rows = 0
    for frame in frames:
        text = frame.assign(**{name: _decimal_text(frame, name) for name, kind in columns.items() if kind == "price"})
        for name, kind in columns.items():
            if kind == "str":
                text[name] = text[name].map({value: guard(value) for value in text[name].unique()})
            elif kind.startswith("datetime"):
                text[name] = _rfc3339(text[name])
        text[list(columns)].to_csv(file, index=False, header=False, lineterminator="\r\n", encoding="utf-8")
        rows += len(frame)
    return rows


def write_parquet(file: IO[bytes], frames: Iterable[pd.DataFrame], columns: Mapping[str, str]) -> int:
    """One row group a frame, zstd; prices are decimal128(29, 8). Returns how many rows."""
    schema = pa.schema([(name, PARQUET[kind]) for name, kind in columns.items()])
    rows = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for frame in frames:
            stored = {
                name: _decimals(frame, name) if kind == "price" else pa.array(frame[name], schema.field(name).type, from_pandas=True)
                for name, kind in columns.items()
            }  # fmt: skip
            writer.write_table(pa.table(stored, schema=schema))
            rows += len(frame)
    return rows


def write_npz(file: IO[bytes], frames: Iterable[pd.DataFrame], columns: Mapping[str, str]) -> int:
    """NumPy's compressed archive, an array (rows,) a column; returns how many rows.

    Texts are int32 positions in an array `<column>_values`; times datetime64[us], UTC; prices the integers `<name>_minor` alone;
    of integers -1 is unknown, of measures NaN. All rows are held in memory.
    """
    kinds = {name: kind for name, kind in columns.items() if kind != "price"}
    parts: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in kinds}
    values: dict[str, dict[str, int]] = {name: {} for name, kind in kinds.items() if kind == "str"}
    rows = 0
    for frame in frames:
        rows += len(frame)
        for name, kind in kinds.items():
            parts[name].append(_plain(frame[name], kind, values.get(name)))
    arrays = {
        name: np.concatenate(found) if found else np.empty(0, PLAIN[kinds[name]]) for name, found in parts.items()
    }
    arrays |= {f"{name}_values": np.array(list(known), dtype=np.str_) for name, known in values.items()}
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return rows


def _plain(column: Any, kind: str, values: dict[str, int] | None) -> npt.NDArray[Any]:
    """A column without pandas; `values` are the texts so far, and get the new ones."""
    if values is not None:
        codes, texts = pd.factorize(column)
        places = np.array([values.setdefault(text, len(values)) for text in texts], dtype=np.int32)
        return places[codes]
    if kind.startswith("datetime"):
        return np.asarray(column.dt.tz_convert(None).to_numpy(dtype=PLAIN[kind]))
    unknown = {"na_value": -1} if kind in {"Int64", "boolean"} else {}
    return np.asarray(column.to_numpy(dtype=PLAIN[kind], **unknown))


def _decimals(frame: pd.DataFrame, name: str) -> Any:
    """Exact prices: minor units, times one part of the scale."""
    minor = pa.array(frame[f"{name}_minor"], pa.int64(), from_pandas=True).cast(pa.decimal128(19, 0))
    scales = frame["price_scale"].to_numpy()
    kinds, at = np.unique(scales, return_inverse=True)
    part = pa.array([Decimal(1) / Decimal(int(scale)) for scale in kinds], pa.decimal128(9, 8)).take(pa.array(at))
    return pc.multiply(minor, part).cast(PRICE)


def _decimal_text(frame: pd.DataFrame, name: str) -> Any:
    """Prices as text with their currency's digits; None where unknown."""
    known = frame[f"{name}_minor"].notna().to_numpy()
    minor = frame[f"{name}_minor"].fillna(0).to_numpy(dtype=np.int64)
    text = np.full(len(frame), None, dtype=object)
    scales = frame["price_scale"].to_numpy()
    for scale in np.unique(scales).tolist():
        digits = len(str(scale)) - 1
        rows = known & (scales == scale)
        whole, rest = np.divmod(minor[rows], scale)
        form = f"%d.%0{digits}d" if digits else "%d"
        pairs = zip(whole.tolist(), rest.tolist(), strict=True)
        text[rows] = [form % pair for pair in pairs] if digits else [form % one for one, _ in pairs]
    return text


def _rfc3339(column: Any) -> Any:
    times = column.dt.tz_convert(None).to_numpy(dtype="datetime64[us]")
    whole = np.char.add(np.datetime_as_string(times, unit="s"), "Z")
    if not (times.astype(np.int64) % 1_000_000).any():
        return whole
    exact = np.char.add(np.datetime_as_string(times, unit="us"), "Z")
    return np.where(times.astype(np.int64) % 1_000_000 == 0, whole, exact)
