"""Snapshot: current prices from PostgreSQL, where Redis has none."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.live.hub import Latest
from app.live.publish import price_message
from db.core.pool import Database
from db.quotes import latest as prices

TIMEOUT: Final = 3.0
"""Seconds a client waits for them; requests that still queue for a thread then are dropped."""


def from_database(database: Database) -> Latest:
    """Give the newest quote of each item's reference source as the contract's price message."""

    def read(item_ids: list[int]) -> list[Mapping[str, Any]]:
        rows = prices.headlines(database, item_ids)
        return [price_message(row["item_id"], row["price"], row["volume"], row["source"], row["time"]) for row in rows]

    async def latest(item_ids: Sequence[int]) -> Iterable[Mapping[str, Any]]:
        async with asyncio.timeout(TIMEOUT):
            return await asyncio.to_thread(read, list(item_ids))

    return latest
