"""Bars from the database: roll-ups of quotes, as charts have them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pandas as pd

from app.research.sources.base import DataError, ItemBars, check_interval, finished, frame
from db.core.pool import Database, Row
from db.items import items as stored
from db.quotes import candles, history

LIMIT = 1_000_000
"""Bars of an item: more than a century of hours."""


class DatabaseSource:
    """The bars of an instance's own database.

    Args:
        database: of the instance.
        now: bars that are not over by then are left out; None is the time of the call.
    """

    def __init__(self, database: Database, now: datetime | None = None) -> None:
        self.database = database
        self.now = now

    def bars(
        self, items: Sequence[str], source: str | None, interval: str, start: datetime | None, end: datetime | None
    ) -> pd.DataFrame:
        """See `DataSource.bars`."""
        check_interval(interval)
        # Of two markets that share a name, the older item.
        found = {row["market_hash_name"]: row for row in reversed(stored.units(self.database, names=items))}
        if unknown := [name for name in items if name not in found]:
            raise DataError(f"no item is named {unknown[0]!r}")
        rows = [found[name] for name in dict.fromkeys(items)]
        if source is not None:
            for row in rows:
                check_source(self.database, row["id"], source)
        return frame(self.of_items(rows, source, interval, start, end), interval)

    def of_items(
        self,
        rows: Sequence[Row],
        source: str | None,
        interval: str,
        start: datetime | None,
        end: datetime | None,
        limit: int = LIMIT,
    ) -> Iterator[ItemBars]:
        """The newest `limit` bars of each of `db.items.items.units`; nothing for an item without a reference source where none is named."""
        over = finished(interval, self.now or datetime.now(UTC))
        until = over if end is None else min(over, end)
        for row in rows:
            used = source or row["reference_source"]
            if used is not None:
                found = candles.candles(self.database, row["id"], used, interval, since=start, until=until, limit=limit)
                yield ItemBars(
                    row["market_hash_name"], used, row["currency"], row["price_scale"], found.time, found.open, found.high,
                    found.low, found.close, found.volume, found.samples,
                )  # fmt: skip


def check_source(database: Database, item_id: int, source: str) -> None:
    """Tell a source that is only silent from one that never quoted the item.

    Raises:
        DataError: it never did.
    """
    try:
        history.check_source(database, item_id, source)
    except history.UnknownSourceError as error:
        raise DataError(str(error)) from error
