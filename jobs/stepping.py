"""Stepping: what goes on by itself between two cycles, step by step, and waits where the database is away."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from db.core.pool import DatabaseDownError

log = structlog.get_logger(__name__)


async def keep_on(waits: str, provider: str, step: Callable[[], Awaitable[float]], *, pause: float) -> None:
    """Take steps until cancelled, each the seconds after the last one that it asked for.

    Where the database is away that is logged as `waits`, and the next step comes after `pause` seconds.
    """
    while True:
        try:
            await asyncio.sleep(await step())
        except DatabaseDownError as error:
            log.info(waits, provider=provider, error=str(error))
            await asyncio.sleep(pause)
