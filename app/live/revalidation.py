"""Revalidation: closes WebSockets whose session or API key has ended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from app.live.connections import LiveConnections
from app.live.principal import Principal

SIGNED_OUT: Final = 4401
"""Close code: the session or key has ended; a client that connects again is a visitor."""
FindEnded = Callable[[Collection[Principal]], Awaitable[Collection[Principal]]]
"""Finds which principals are no longer signed in; none where that cannot be known."""

_log = logging.getLogger(__name__)


async def find_none_ended(_principals: Collection[Principal]) -> Collection[Principal]:
    """Find none: the gateway's default, without accounts."""
    return ()


async def revalidate(connections: LiveConnections, find_ended: FindEnded, interval: float) -> None:
    """Close the connections of users who have signed out, checking after every `interval` seconds, until cancelled."""
    while True:
        await asyncio.sleep(interval)
        principals = {client.principal for client in connections.signed_in()}
        if not principals:
            continue
        try:
            ended = frozenset(await find_ended(principals))
        # Any error: one failed check must not end all later ones.
        except Exception:  # noqa: BLE001 - it is logged
            _log.exception("It could not be checked who is still signed in")
            continue
        for client in connections.signed_in():
            if client.principal in ended:
                client.connection.close(SIGNED_OUT, "signed out")
