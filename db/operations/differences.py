"""Differences between stored and recomputed rows: counted in full, the first of each kind named."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np

from db.core.binary import UNKNOWN
from db.quotes.buckets import NAMES, Buckets
from db.quotes.derived import Level

EXAMPLES = 20
"""Differences of one column that are named one by one."""
ABSENT = "no row"
TIMES = frozenset({"bucket", "open_time", "close_time", "volume_time", "time", "stored_time"})
UNKNOWN_IS_NULL = frozenset({"volume", "volume_rolling", "volume_time", "listings", "bid", "ask"})
Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell, or with column `row` a whole row, that is not what it should be; times as RFC 3339 texts, prices in minor units."""

    table: str
    item_id: int | None
    source: str | None
    bucket: str | None
    column: str
    stored: Value
    expected: Value

    def __str__(self) -> str:
        place = [f"item {self.item_id}" if self.item_id is not None else "", self.source or "", self.bucket or ""]
        where = " ".join(part for part in place if part)
        return f"{self.table}: {where}: {self.column}: kept {_shown(self.stored)}, expected {_shown(self.expected)}"


@dataclass(slots=True)
class Tally:
    """Differences found so far: `counts` by (table, column), at most EXAMPLES of each in `examples`."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[Difference]] = field(default_factory=dict)

    def add(self, found: Iterable[Difference]) -> None:
        """Note some differences."""
        for difference in found:
            key = (difference.table, difference.column)
            self.counts[key] += 1
            if len(named := self.examples.setdefault(key, [])) < EXAMPLES:
                named.append(difference)

    def join(self, other: "Tally") -> None:
        """Note what another one has, after what is noted already."""
        self.counts.update(other.counts)
        for key, named in other.examples.items():
            held = self.examples.setdefault(key, [])
            held += named[: EXAMPLES - len(held)]

    def named(self) -> list[Difference]:
        """The differences that are named, a few of every kind before more of any."""
        kinds = [self.examples[key] for key in sorted(self.examples)]
        return [difference for step in zip_longest(*kinds) for difference in step if difference is not None]

    def add_level(self, level: Level, source: str) -> int:
        """Note what differs in a roll-up; returns how many differences there are."""
        before = self.counts.total()
        for name, differs in level.differs.items():
            rows = np.flatnonzero(differs)
            stored, derived = level.at_stored[rows], level.at_derived[rows]
            self._rows(level, source, name, stored, [getattr(level.derived, name)[at] for at in derived[:EXAMPLES]])
        for name, rows in level.inconsistent.items():
            self._rows(level, source, name, rows, ["contradicts the rest of its row"] * len(rows[:EXAMPLES]))
        for rows, buckets, missing in ((level.missing, level.derived, True), (level.surplus, level.stored, False)):
            self._whole(level.table, source, buckets, rows, missing=missing)
        return self.counts.total() - before

    def _rows(self, level: Level, source: str, name: str, rows: np.ndarray, expected: list[object]) -> None:
        for at, value in zip(rows[:EXAMPLES].tolist(), expected, strict=True):
            stored = getattr(level.stored, name)[at]
            bucket = level.stored.bucket[at]
            place = (level.table, int(level.stored.item_id[at]), source, moment(bucket), name)
            self._name(
                Difference(*place, readable(name, stored), value if isinstance(value, str) else readable(name, value))
            )
        self._count((level.table, name), len(rows))

    def _whole(self, table: str, source: str, buckets: Buckets, rows: np.ndarray, *, missing: bool) -> None:
        for at in rows[:EXAMPLES].tolist():
            row = ", ".join(f"{name} {_shown(readable(name, getattr(buckets, name)[at]))}" for name in NAMES[2:11])
            stored, expected = (ABSENT, row) if missing else (row, ABSENT)
            place = (table, int(buckets.item_id[at]), source, moment(buckets.bucket[at]), "row")
            self._name(Difference(*place, stored, expected))
        self._count((table, "row"), len(rows))

    def _name(self, difference: Difference) -> None:
        named = self.examples.setdefault((difference.table, difference.column), [])
        if len(named) < EXAMPLES:
            named.append(difference)

    def _count(self, key: tuple[str, str], number: int) -> None:
        if number:
            self.counts[key] += number


def readable(name: str, value: object) -> Value:
    """A cell as a person reads it."""
    plain: int | float = value.item() if isinstance(value, np.generic) else value  # type: ignore[assignment]
    if plain == UNKNOWN and name in UNKNOWN_IS_NULL:
        return None
    if name in TIMES:
        return moment(plain)
    if name == "volume_rolling":
        return bool(plain)
    if name == "volume" and plain < UNKNOWN:
        return plain + 1  # see rollups.read
    return plain


def moment(microseconds: float) -> str:
    """A time in UTC; whatever the number, also one that no calendar holds."""
    return f"{np.datetime64(int(microseconds), 'us')}Z".removesuffix(".000000Z").rstrip("Z") + "Z"


def _shown(value: Value) -> str:
    return "null" if value is None else str(value)
