"""Batches of history into the database, on two connections at once."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

import numpy as np

from db.core.pool import Database
from db.quotes import corrections
from db.quotes import writer as quotes
from jobs.backfill.points import Ints

WAITING = 2
"""Batches that each writer may lag behind the reader: it bounds memory."""


@dataclass(frozen=True, slots=True)
class Batch:
    """n quotes and where each was read (n,): a number of the caller's."""

    quotes: quotes.QuoteColumns
    origin: Ints

    def __len__(self) -> int:
        return len(self.origin)

    def take(self, rows: Ints) -> "Batch":
        """Those rows, in that order."""
        return Batch(self.quotes.take(rows), self.origin[rows])

    @classmethod
    def joined(cls, parts: "list[Batch]") -> "Batch":
        """All parts, one after the other."""
        empty = np.empty(0, dtype=np.int64)
        return cls(
            quotes.QuoteColumns.joined([part.quotes for part in parts]),
            np.concatenate([empty, *(part.origin for part in parts)]),
        )


@dataclass(frozen=True, slots=True)
class Conflict:
    """A quote that says otherwise than another of the same item, source and time; `other` is where that was read, -1 if it is kept.

    `final`: corrections were wanted, but the hour's other quotes are deleted, so what is kept stays.
    """

    origin: int
    item_id: int
    time: int
    price: int
    volume: int
    other: int
    other_price: int
    other_volume: int
    final: bool


@dataclass(slots=True)
class Outcome:
    """What became of batches: `new` and `replaced` quotes, those `refused` because their hour's quotes are deleted, conflicts."""

    new: int = 0
    replaced: int = 0
    refused: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    conflict_count: int = 0

    def add(self, other: "Outcome") -> None:
        """Count another one in."""
        self.new += other.new
        self.replaced += other.replaced
        self.refused += other.refused
        self.conflict_count += other.conflict_count
        self.conflicts += other.conflicts[: max(0, KEPT_CONFLICTS - len(self.conflicts))]


KEPT_CONFLICTS = 10_000


class Writers:
    """A thread and a connection per shard of the source's items, so that two cores of the server work at once.

    With `replace`, quotes that contradict kept ones take their place. `heartbeat`: see `quotes.store`.
    """

    def __init__(self, database: Database, source: str, *, replace: bool, heartbeat: timedelta) -> None:
        self.database, self.source = database, source
        self.replace, self.heartbeat = replace, heartbeat
        self.outcome = Outcome()
        self._threads = [ThreadPoolExecutor(1, thread_name_prefix=f"backfill-{at}") for at in range(quotes.SHARDS)]
        self._pending: list[list[Future[Outcome]]] = [[] for _ in range(quotes.SHARDS)]
        self._months: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                for shard in range(quotes.SHARDS):
                    self._settle(shard, most=0)
                with self.database.connection() as connection:
                    quotes.flush(connection)
        finally:
            for thread in self._threads:
                thread.shutdown(wait=True, cancel_futures=True)

    def store(self, batch: Batch) -> None:
        """Hand a batch to the writers; waits while they lag behind.

        Raises:
            DatabaseDownError: what a writer met.
        """
        self._make_partitions(batch.quotes)
        shards = quotes.shard_of(batch.quotes.item_id)
        for shard, thread in enumerate(self._threads):
            own = batch.take(np.flatnonzero(shards == shard))
            if len(own):
                self._settle(shard, most=WAITING - 1)
                self._pending[shard].append(thread.submit(self._store, shard, own))

    def _settle(self, shard: int, most: int) -> None:
        pending = self._pending[shard]
        while len(pending) > most:
            self.outcome.add(pending.pop(0).result())

    def _store(self, shard: int, batch: Batch) -> Outcome:
        rows, repeated = corrections.distinct(batch.quotes, last=self.replace)
        chosen = batch.quotes.take(rows)
        with self.database.connection() as connection, connection.transaction():
            quotes.relax_commit(connection)
            quotes.lock_source(connection, self.source, shard)
            stored = quotes.store(connection, self.source, chosen, heartbeat=timedelta(0), compare=True)
            against = corrections.of_known(chosen, rows, stored.known)
            replaced = against.row[~against.final] if self.replace else against.row[:0]
            if len(replaced):
                corrected = batch.quotes.take(replaced)
                corrections.replace_quotes(connection, self.source, corrected, heartbeat=self.heartbeat)
        conflicts = [*_conflicts(batch, repeated), *_conflicts(batch, against)]
        return Outcome(stored.inserted, len(replaced), stored.known.refused, conflicts, len(repeated) + len(against))

    def _make_partitions(self, columns: quotes.QuoteColumns) -> None:
        months = set(np.unique(columns.time.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)).tolist())
        if not months <= self._months:
            with self.database.connection() as connection:
                quotes.make_partitions(connection, columns)
            self._months |= months


def _conflicts(batch: Batch, found: corrections.Contradictions) -> list[Conflict]:
    given = batch.take(found.row[:KEPT_CONFLICTS])
    other = [int(batch.origin[at]) if at >= 0 else -1 for at in found.other[:KEPT_CONFLICTS].tolist()]
    of = given.quotes
    columns = (given.origin, of.item_id, of.time, of.price, of.volume)
    others = (found.price[:KEPT_CONFLICTS], found.volume[:KEPT_CONFLICTS], found.final[:KEPT_CONFLICTS])
    plain = [column.tolist() for column in columns] + [other] + [column.tolist() for column in others]
    return [Conflict(*values) for values in zip(*plain, strict=True)]
