"""HTTP connections: counts them by network and closes those that are too slow."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol

from app.security.client_address import network_of
from app.server.bounds import HttpBounds

SWEEP_EVERY: Final = 1.0


class SweptConnection(Protocol):
    """A connection that is checked once a second."""

    def check(self, now: float) -> None:
        """End itself if it has been too slow; `now` is the event loop's time."""
        ...


class Connections:
    """Counts connections by network, and checks all of them once a second. Belongs to one event loop.

    Args:
        bounds: how many there may be.
        is_proxy: whether an address is a proxy's, behind which many clients stand.
    """

    def __init__(self, bounds: HttpBounds, is_proxy: Callable[[str], bool] = lambda _address: False) -> None:
        self.bounds = bounds
        self.uploads = 0
        """Bytes of bodies that are being received or worked on."""
        self._is_proxy = is_proxy
        self._open: dict[SweptConnection, str] = {}
        self._counts: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, connection: SweptConnection, address: str) -> bool:
        """Count a connection; False, and it is not counted, where there are too many."""
        network = "" if self._is_proxy(address) else network_of(address)
        bounds = self.bounds
        if bounds.connections and len(self._open) >= bounds.connections:
            return False
        if network and bounds.per_address and self._counts[network] >= bounds.per_address:
            return False
        self._open[connection] = network
        self._counts[network] += 1
        return True

    def leave(self, connection: SweptConnection) -> None:
        """Count a connection no more; a second call does nothing."""
        network = self._open.pop(connection, None)
        if network is not None:
            self._counts[network] -= 1
            if not self._counts[network]:
                del self._counts[network]

    def start(self) -> None:
        """Begin the checks."""
        self._timer = asyncio.get_running_loop().call_later(SWEEP_EVERY, self._sweep)

    def stop(self) -> None:
        """End the checks."""
        if self._timer:
            self._timer.cancel()

    def _sweep(self) -> None:
        self.start()
        now = asyncio.get_running_loop().time()
        for connection in tuple(self._open):
            connection.check(now)

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)
