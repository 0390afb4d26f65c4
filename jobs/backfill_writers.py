"""Batches of history into the database, on two connections at once."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Self

import numpy as np

from db import quotes
from db.pool import Database

WAITING = 2
"""Batches that each writer may lag behind the reader: it bounds memory."""


class Writers:
    """A thread and a connection per shard of the source's items, so that two cores of the server work at once."""

    def __init__(self, database: Database, source: str) -> None:
        self.database, self.source = database, source
        self.new = 0
        self._threads = [ThreadPoolExecutor(1, thread_name_prefix=f"backfill-{at}") for at in range(quotes.SHARDS)]
        self._pending: list[list[Future[int]]] = [[] for _ in range(quotes.SHARDS)]
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

    def store(self, columns: quotes.QuoteColumns) -> None:
        """Hand a batch to the writers; waits while they lag behind.

        Raises:
            DatabaseDownError: what a writer met.
        """
        self._make_partitions(columns)
        shards = quotes.shard_of(columns.item_id)
        for shard, thread in enumerate(self._threads):
            own = columns.take(np.flatnonzero(shards == shard))
            if len(own):
                self._settle(shard, most=WAITING - 1)
                self._pending[shard].append(thread.submit(self._store, shard, own))

    def _settle(self, shard: int, most: int) -> None:
        pending = self._pending[shard]
        while len(pending) > most:
            self.new += pending.pop(0).result()

    def _store(self, shard: int, columns: quotes.QuoteColumns) -> int:
        with self.database.connection() as connection, connection.transaction():
            quotes.relax_commit(connection)
            quotes.lock_source(connection, self.source, shard)
            return quotes.store(connection, self.source, columns, heartbeat=timedelta(0)).inserted

    def _make_partitions(self, columns: quotes.QuoteColumns) -> None:
        months = set(np.unique(columns.time.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)).tolist())
        if not months <= self._months:
            with self.database.connection() as connection:
                quotes.make_partitions(connection, columns)
            self._months |= months
