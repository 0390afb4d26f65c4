"""Revalidation: closes WebSockets whose session or API key has ended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from app.live.connections import LiveConnections
from app.live.principal import Principal

SIGNED_OUT: Final = 4401
"""Closed because the session or key has ended; who comes again is a visitor."""
Ended = Callable[[Collection[Principal]], Awaitable[Collection[Principal]]]
"""Which of these guests are not signed in any more; none where that cannot be known."""

_log = logging.getLogger(__name__)


async def none_ended(_guests: Collection[Principal]) -> Collection[Principal]:
    """Sign nobody out."""
    return ()


async def revalidate(connections: LiveConnections, ended: Ended, every: float) -> None:
    """Close the connections of those who have signed out, looking again after `every` seconds, until cancelled."""
    while True:
        await asyncio.sleep(every)
        principals = {client.principal for client in connections.signed_in()}
        if not principals:
            continue
        try:
            gone = frozenset(await ended(principals))
        # Whatever it may be: nobody must be able to stay because one look failed.
        except Exception:  # noqa: BLE001 - it is logged
            _log.exception("It could not be checked who is still signed in")
            continue
        for client in connections.signed_in():
            if client.principal in gone:
                client.connection.close(SIGNED_OUT, "signed out")
