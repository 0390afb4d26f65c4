"""Past job: replays the days that portfolios' histories lack, for so long at a time as a run may take."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from app.analytics.portfolio.ledger import OversoldError
from app.portfolio.past import replay_portfolio
from db.core.pool import Database
from db.portfolio import past

log = structlog.get_logger(__name__)

SECONDS: Final = 20.0
"""A run ends after so long; the next one goes on. Who looks at a portfolio does not wait for it: its past is replayed then."""
AT_ONCE: Final = 200
"""Portfolios that are asked for at a time."""


def run(database: Database, fees: Mapping[str, int], now: datetime, *, seconds: float = SECONDS) -> int:
    """Bring the stored days of portfolios up to the end of yesterday, the longest behind first; returns of how many."""
    until, yesterday = time.monotonic() + seconds, now.astimezone(UTC).date() - timedelta(days=1)
    done = 0
    passed: set[int] = set()
    while True:
        waiting = [row for row in past.to_replay(database, yesterday, AT_ONCE + len(passed)) if row["id"] not in passed]
        for portfolio in waiting:
            if time.monotonic() >= until:
                return done
            try:
                replay_portfolio(database, portfolio, fees, now)
                done += 1
            except OversoldError as error:  # its owner reads it on the page, too
                log.info("portfolio not replayed", portfolio=portfolio["id"], reason=str(error))
            except LookupError:
                log.info("portfolio deleted while it was to be replayed", portfolio=portfolio["id"])
            passed.add(portfolio["id"])
        if not waiting:
            return done
