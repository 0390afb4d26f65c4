"""Whether those who signed in still are: a connection must not outlive its session or key."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from app.live.connections import Crowd
from app.live.principal import Guest

SIGNED_OUT: Final = 4401
"""Closed because the session or key has ended; who comes again is a visitor."""
Ended = Callable[[Collection[Guest]], Awaitable[Collection[Guest]]]
"""Which of these guests are not signed in any more; none where that cannot be known."""

_log = logging.getLogger(__name__)


async def nobody(_guests: Collection[Guest]) -> Collection[Guest]:
    """Sign nobody out."""
    return ()


async def keep_asking(crowd: Crowd, ended: Ended, every: float) -> None:
    """Close the connections of those who have signed out, looking again after `every` seconds, until cancelled."""
    while True:
        await asyncio.sleep(every)
        guests = {client.guest for client in crowd.signed_in()}
        if not guests:
            continue
        try:
            gone = frozenset(await ended(guests))
        # Whatever it may be: nobody must be able to stay because one look failed.
        except Exception:  # noqa: BLE001 - it is logged
            _log.exception("It could not be checked who is still signed in")
            continue
        for client in crowd.signed_in():
            if client.guest in gone:
                client.connection.close(SIGNED_OUT, "signed out")
