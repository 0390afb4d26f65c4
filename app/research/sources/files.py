"""Bars in files: what `tracera export --table bars` writes as Parquet or .npz, and the source that reads it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from app.items.frames import BARS, ROWS, UNKNOWN
from app.research.sources.base import MICROSECONDS, PRICES, DataError, ItemBars, check_interval, frame

TEXTS = tuple(name for name, kind in BARS.items() if kind == "str")
NUMBERS = tuple(name for name, kind in BARS.items() if kind not in {"str", "price"})
Columns = Mapping[str, npt.NDArray[Any]]


class FileSource:
    """The bars of one exported file, read whole when it is opened.

    Raises:
        DataError: it is no such file. OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns: Columns = _parquet(path) if path.suffix == ".parquet" else _npz(path)
        # An item's rows stand together: where each begins and ends.
        keys = np.stack([self.columns[name] for name in ("market_hash_name", "source", "interval")])
        begins = np.ones(keys.shape[1], dtype=np.bool_)
        begins[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
        starts = np.flatnonzero(begins).tolist()
        texts = [self.columns[f"{name}_values"] for name in ("market_hash_name", "source", "interval")]
        self._rows: dict[tuple[str, str, str], slice] = {}
        for start, end in zip(starts, [*starts[1:], keys.shape[1]], strict=True):
            name, source, interval = (str(text[code]) for text, code in zip(texts, keys[:, start], strict=True))
            self._rows[name, source, interval] = slice(start, end)

    def bars(
        self, items: Sequence[str], source: str | None, interval: str, start: datetime | None, end: datetime | None
    ) -> pd.DataFrame:
        """See `DataSource.bars`. Without a `source` an item has to be in the file with one alone."""
        check_interval(interval)
        return frame([self._item(name, source, interval, start, end) for name in dict.fromkeys(items)], interval)

    def names(self) -> list[str]:
        """The items of the file, in its order."""
        return list(dict.fromkeys(name for name, _, _ in self._rows))

    def _item(
        self, name: str, source: str | None, interval: str, start: datetime | None, end: datetime | None
    ) -> ItemBars:
        found = [key for key in self._rows if key[0] == name and source in {None, key[1]} and key[2] == interval]
        if len(found) != 1:
            what = "several sources" if found else f"no bars of {interval}" + (f" and {source!r}" if source else "")
            raise DataError(f"{self.path}: {what} of {name!r}")
        columns = {column: self.columns[column][self._rows[found[0]]] for column in (*NUMBERS, "currency")}
        time = columns["time"].astype("datetime64[us]").astype(np.int64)
        bounds = [bound if bound is None else _microseconds(bound) for bound in (start, end)]
        inside = np.ones(len(time), dtype=np.bool_)
        if bounds[0] is not None:
            inside &= time >= bounds[0]
        if bounds[1] is not None:
            inside &= time < bounds[1]
        return ItemBars(
            item=name,
            source=found[0][1],
            currency=str(self.columns["currency_values"][columns["currency"][0]]),
            price_scale=int(columns["price_scale"][0]),
            time=time[inside] // MICROSECONDS,
            volume=columns["volume"][inside],
            n=columns["n"][inside],
            **{price: columns[f"{price}_minor"][inside] for price in PRICES},
        )


def file_frames(found: Iterable[ItemBars], interval: str) -> Iterator[pd.DataFrame]:
    """Frames of `BARS` for files, of some 100,000 rows each; items without bars are left out."""
    waiting: list[ItemBars] = []
    rows = 0
    for bars in found:
        if not len(bars.time):
            continue
        waiting.append(bars)
        rows += len(bars.time)
        if rows >= ROWS:
            yield _file_frame(waiting, interval)
            waiting, rows = [], 0
    if waiting:
        yield _file_frame(waiting, interval)


def _file_frame(found: list[ItemBars], interval: str) -> pd.DataFrame:
    bars = frame(found, interval).rename(columns={"item": "market_hash_name"}).drop(columns=[*PRICES, "gap"])
    exact = {f"{price}_minor": np.concatenate([getattr(one, price) for one in found]) for price in PRICES}
    return bars.assign(interval=pd.Series([interval] * len(bars), dtype="str"), **exact)


def _npz(path: Path) -> Columns:
    try:
        with np.load(path, allow_pickle=False) as held:
            return {name: held[name] for name in (*TEXTS, *(f"{name}_values" for name in TEXTS), *NUMBERS)}
    except (KeyError, ValueError) as error:
        raise DataError(f"{path}: not the bars that `tracera export --table bars` writes ({error})") from error


def _parquet(path: Path) -> Columns:
    """The same columns as in an archive."""
    wanted = (*TEXTS, *NUMBERS)
    try:
        table = pq.read_table(path, columns=list(wanted))
    except pa.ArrowInvalid as error:
        raise DataError(f"{path}: {error}") from error
    if missing := set(wanted) - set(table.column_names):
        raise DataError(
            f"{path}: not the bars that `tracera export --table bars` writes (no {', '.join(sorted(missing))})"
        )
    columns: dict[str, npt.NDArray[Any]] = {}
    for name in TEXTS:
        coded = pc.dictionary_encode(table[name].combine_chunks())
        columns[name] = coded.indices.to_numpy()
        columns[f"{name}_values"] = np.array(coded.dictionary.to_pylist(), dtype=np.str_)
    for name in NUMBERS:
        column = table[name].combine_chunks()
        columns[name] = pc.fill_null(column, UNKNOWN).to_numpy() if name == "volume" else column.to_numpy()
    return columns


def _microseconds(moment: datetime) -> int:
    return int(np.datetime64(int(moment.timestamp() * MICROSECONDS), "us").astype(np.int64))
