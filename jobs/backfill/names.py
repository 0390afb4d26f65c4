"""Name resolution: finds or creates the item of each name in history files, once in a run."""

from datetime import UTC, datetime

import numpy as np

from app.analytics.arrays import Ints
from app.items import matching
from app.providers.base import Quote
from db.core.pool import Database
from jobs.backfill.points import Points, Rejected

REFUSED = -1
"""Stands for the id of an item whose prices are in another currency."""
NOT_IN_USD = "the item's prices are not kept in USD"


class Names:
    """Items by name: each name is looked up, or its item made, once in a run."""

    def __init__(self, database: Database, source: str) -> None:
        self.database, self.source = database, source
        self.ids: dict[str, int] = {}
        self.added = 0

    def resolve(self, found: Points, file: str) -> tuple[Points, Ints, list[Rejected]]:
        """Points whose item takes USD, the items' ids, and the other points' lines."""
        used = np.unique(found.name)
        self._match_new([found.names[at] for at in used.tolist() if found.names[at] not in self.ids])
        ids = np.array([self.ids.get(name, REFUSED) for name in found.names], dtype=np.int64)
        item_id = ids[found.name]
        refused = item_id == REFUSED
        if not refused.any():
            return found, item_id, []
        rows = np.flatnonzero(~refused)
        lines = found.line[refused].tolist()
        return found.take(rows), item_id[rows], [Rejected(file, line, NOT_IN_USD) for line in lines]

    @property
    def known(self) -> int:
        """How many items have been resolved."""
        return len(set(self.ids.values()) - {REFUSED})

    def _match_new(self, names: list[str]) -> None:
        if not names:
            return
        now = datetime.now(UTC)
        quotes = [Quote(market_hash_name=name, source=self.source, price=1, quoted_at=now) for name in names]
        with self.database.connection() as connection, connection.transaction():
            matched = matching.match(connection, quotes, by_hand=True)
        self.ids |= dict.fromkeys(names, REFUSED)
        for quote, known in zip(matched.quotes, matched.items, strict=True):
            self.ids[quote.market_hash_name] = known.id
        self.added += matched.new_items
