"""Patience: asks an exchange again when it was out of reach, or when it said that it wants to be asked later."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
import structlog

from app.providers.base import ProviderError

T = TypeVar("T")
FIRST_WAIT = 2.0
LONGEST_WAIT = 60.0

log = structlog.get_logger(__name__)


async def patiently(
    question: Callable[[], Awaitable[T]], about: str, on_wait: Callable[[], object] = lambda: None
) -> T | None:
    """The answer, however long that takes; None where the exchange refuses for good.

    What a refusal says to wait (Retry-After of a 429 or 418) is waited to the second; else 2 to 60 s, doubled each time.
    `on_wait` is called before each wait.
    """
    wait = FIRST_WAIT
    while True:
        try:
            return await question()
        except ProviderError as error:
            if not _may_pass(error):
                log.warning("exchange refused", about=about, error=str(error))
                return None
            pause = wait if error.retry_after is None else error.retry_after
            wait = min(LONGEST_WAIT, 2 * wait)
            log.info("exchange is asked again", about=about, seconds=round(pause, 1), error=str(error))
        on_wait()
        await asyncio.sleep(pause)


def _may_pass(error: ProviderError) -> bool:
    """Whether asking again can help: it was too busy, out of reach, or broken; not that it knows no such symbol."""
    broken = error.status is not None and error.status >= httpx.codes.INTERNAL_SERVER_ERROR
    return error.kind in {"throttled", "network"} or (error.kind == "http" and broken)
