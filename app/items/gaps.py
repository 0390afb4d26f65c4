"""Gaps of an item's chart: found along its bars, explained by the outages of the provider that quotes its source."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from app.providers.sources import provider_of
from db.core.pool import Database
from db.quotes import gaps
from db.quotes.candles import SECONDS, Candles
from db.quotes.gaps import Gap

LEAD: Final = 19
"""Bars before a chart that are read with it; they say what is usual at its beginning."""
WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "throttled": "{name} asked for a pause",
        "network": "{name} could not be reached",
        "timeout": "{name} did not answer in time",
        "http": "{name} answered with an error",
        "schema": "{name}'s answer was not understood",
        "too_large": "{name}'s answer was too large",
        "auth": "{name} refused the key",
        "internal": "a fault of the program",
        "database": "the database was away",
        "instance_off": "this instance was off",
        "provider_off": "{name} was switched off",
        "not_quoted": "{name} had no price of it",
    }
)
"""Causes as people read them."""


def of_chart(database: Database, candles: Candles, source: str, now: datetime) -> list[Gap]:
    """The gaps among the shown bars, and the one that lasts, oldest first, with their causes."""
    if not len(candles):
        return []
    first = int(candles.time[candles.lead])
    found = [gap for gap in gaps.find(candles.time, SECONDS[candles.interval], now.timestamp()) if gap.since > first]
    return gaps.explain(database, provider_of(source), found, now)


def cause_text(cause: str | None, name: str) -> str:
    """A cause of a gap or outage in words; `name` is the provider's."""
    return "cause not known" if cause is None else WORDS.get(cause, cause).format(name=name)
