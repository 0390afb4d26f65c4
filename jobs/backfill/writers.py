"""Backfill writers: store batches of history on two connections in parallel."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

import numpy as np

from app.analytics.arrays import Ints
from db.core.pool import Database
from db.quotes import corrections, months, writer

MAX_PENDING = 2
"""Batches that each writer may lag behind the reader: it bounds memory."""


@dataclass(frozen=True, slots=True)
class Batch:
    """n quotes and where each was read (n,): a number of the caller's."""

    quotes: writer.QuoteColumns
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
            writer.QuoteColumns.joined([part.quotes for part in parts]),
            np.concatenate([empty, *(part.origin for part in parts)]),
        )


@dataclass(frozen=True, slots=True)
class Conflict:
    """A quote that says otherwise than another of the same item, source and time; `other` is where that was read, -1 if it is stored.

    `final`: corrections were wanted, but the hour's other quotes are deleted, so the stored one stays.
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
        self.conflicts += other.conflicts[: max(0, MAX_CONFLICTS - len(self.conflicts))]


MAX_CONFLICTS = 10_000


class Writers:
    """A thread and a connection per shard of the source's items, so that two cores of the server work at once.

    With `replace`, quotes that contradict stored ones take their place. `heartbeat`: see `writer.store`.
    """

    def __init__(self, database: Database, source: str, *, replace: bool, heartbeat: timedelta) -> None:
        self.database, self.source = database, source
        self.replace, self.heartbeat = replace, heartbeat
        self.outcome = Outcome()
        self._threads = [ThreadPoolExecutor(1, thread_name_prefix=f"backfill-{at}") for at in range(writer.SHARDS)]
        self._pending: list[list[Future[Outcome]]] = [[] for _ in range(writer.SHARDS)]
        self._months: set[int] = set()
        self._packed_before = months.packed_before(datetime.now(UTC))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                for shard in range(writer.SHARDS):
                    self._wait_for_pending(shard, most=0)
                with self.database.connection() as connection:
                    writer.flush(connection)
        finally:
            for thread in self._threads:
                thread.shutdown(wait=True, cancel_futures=True)

    def store(self, batch: Batch) -> None:
        """Hand a batch to the writers; waits while they lag behind.

        Raises:
            DatabaseDownError: what a writer met.
        """
        self._make_partitions(batch.quotes)
        shards = writer.shard_of(batch.quotes.item_id)
        for shard, thread in enumerate(self._threads):
            own = batch.take(np.flatnonzero(shards == shard))
            if len(own):
                self._wait_for_pending(shard, most=MAX_PENDING - 1)
                self._pending[shard].append(thread.submit(self._store, shard, own))

    def _wait_for_pending(self, shard: int, most: int) -> None:
        pending = self._pending[shard]
        while len(pending) > most:
            self.outcome.add(pending.pop(0).result())

    def _store(self, shard: int, batch: Batch) -> Outcome:
        rows, repeated = corrections.distinct(batch.quotes, last=self.replace)
        chosen = batch.quotes.take(rows)
        with self.database.connection() as connection, connection.transaction():
            writer.relax_commit(connection)
            writer.lock_source(connection, self.source, shard)
            stored = writer.store(
                connection, self.source, chosen, heartbeat=timedelta(0), compare=True, packed_before=self._packed_before
            )
            against = corrections.of_known(chosen, rows, stored.known)
            replaced = against.row[~against.final] if self.replace else against.row[:0]
            if len(replaced):
                corrected = batch.quotes.take(replaced)
                corrections.replace_quotes(connection, self.source, corrected, heartbeat=self.heartbeat)
        conflicts = [*_conflicts(batch, repeated), *_conflicts(batch, against)]
        return Outcome(stored.inserted, len(replaced), stored.known.refused, conflicts, len(repeated) + len(against))

    def _make_partitions(self, columns: writer.QuoteColumns) -> None:
        columns = columns.take(columns.time >= self._packed_before)
        new_months = set(
            np.unique(columns.time.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)).tolist()
        )
        if not new_months <= self._months:
            with self.database.connection() as connection:
                writer.make_partitions(connection, columns)
            self._months |= new_months


def _conflicts(batch: Batch, found: corrections.Contradictions) -> list[Conflict]:
    given = batch.take(found.row[:MAX_CONFLICTS])
    other = [int(batch.origin[at]) if at >= 0 else -1 for at in found.other[:MAX_CONFLICTS].tolist()]
    of = given.quotes
    columns = (given.origin, of.item_id, of.time, of.price, of.volume)
    others = (found.price[:MAX_CONFLICTS], found.volume[:MAX_CONFLICTS], found.final[:MAX_CONFLICTS])
    plain = [column.tolist() for column in columns] + [other] + [column.tolist() for column in others]
    return [Conflict(*values) for values in zip(*plain, strict=True)]
