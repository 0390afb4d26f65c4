"""Candle columns: n candles as arrays, for storing and reading many at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from db.core import binary
from db.core.arrays import Array, Bools, Ints

FIELDS = ("open_time", "open", "high", "low", "close", "volume", "trades")


@dataclass(frozen=True, slots=True)
class CandleColumns:
    """n candles: int64 arrays of shape (n,). `open_time` in seconds since 1970, prices and volume in minor units.

    `trades` is -1 where unknown.
    """

    open_time: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    trades: Ints

    def __len__(self) -> int:
        return len(self.open_time)

    @classmethod
    def of(cls, rows: Iterable[Sequence[int]]) -> "CandleColumns":
        """Candles given as rows in the order of the fields."""
        table = np.array(list(rows), dtype=np.int64).reshape(-1, len(FIELDS))
        return cls(*table.T)

    def take(self, which: Ints | Bools) -> "CandleColumns":
        """Some of them."""
        return CandleColumns(*(getattr(self, name)[which] for name in FIELDS))

    @classmethod
    def join(cls, parts: Sequence["CandleColumns"]) -> "CandleColumns":
        """All candles of the parts, in their order."""
        if not parts:
            return cls.of([])
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in FIELDS))

    def for_copy(self, item_id: Ints, source: str) -> dict[str, tuple[str, Array]]:
        """Columns for `db.core.binary.copy`; `item_id` has shape (n,)."""
        name = source.encode()
        numbers: dict[str, tuple[str, Array]] = {
            field: (">i8", getattr(self, field)) for field in FIELDS if field != "open_time"
        }
        return {
            "item_id": (">i4", item_id),
            "source": (f"S{len(name)}", np.full(len(self), name)),
            "open_time": (">i8", self.open_time * 1_000_000 - binary.POSTGRES_EPOCH_US),
        } | numbers

    def rows(self) -> list[tuple[int, ...]]:
        """As rows in the order of the fields, in Python's integers."""
        return list(zip(*(getattr(self, name).tolist() for name in FIELDS), strict=True))
