"""Polls of an item: which provider reads it how often, when next, and why, from the plan and the providers' states."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.providers.sources import provider_of
from db.core.pool import Database, Row
from db.operations import polling

MUCH: Final = 0.5
"""The place among all items, from 0 to 1, from which on one trades or moves a lot."""
WHOLE: Final = "with everything it lists"
PAGES: Final = "with the whole market, page by page"


@dataclass(frozen=True, slots=True)
class Poll:
    """How a provider reads an item: every so many seconds, when next, and why so often; None where that is not known."""

    provider: str
    every: float | None
    next: datetime | None
    why: tuple[str, ...]


def of_item(database: Database, item_id: int, sources: Iterable[str], now: datetime) -> list[Poll]:
    """A poll of each provider that quotes one of these sources of the item and has run here, by name."""
    providers = sorted({name for source in sources if (name := provider_of(source))})
    return [_poll(row, now) for row in polling.of_item(database, item_id, providers)]


def reasons(in_demand: bool, liquidity: float, volatility: float) -> tuple[str, ...]:  # noqa: FBT001  # a plan's columns
    """Why an item is asked for by itself; who holds it is nobody else's business, and so is how many do."""
    found = ["somebody here holds or watches it"] if in_demand else []
    found += ["it trades a lot"] if liquidity >= MUCH else []
    return (*found, *(["its price moves a lot"] if volatility >= MUCH else []))


def _poll(row: Row, now: datetime) -> Poll:
    if row["own_interval"] is not None:
        every = float(row["own_interval"])
        due = None if row["polled_at"] is None else max(now, row["polled_at"] + timedelta(seconds=every))
        return Poll(row["provider"], every, due, reasons(row["in_demand"], row["liquidity"], row["volatility"]))
    if row["planned"]:
        return Poll(row["provider"], row["pass_seconds"], None, (PAGES,))
    return Poll(row["provider"], row["interval_s"], row["next_attempt"], (WHOLE,))
