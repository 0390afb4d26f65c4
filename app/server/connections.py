"""HTTP connections: how many there are, and the end of those that are too slow."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol

from app.security.client_address import network_of
from app.server.bounds import HttpBounds

SWEEP_EVERY: Final = 1.0


class Watched(Protocol):
    """A connection that is looked after."""

    def check(self, now: float) -> None:
        """End itself if it has been too slow; `now` is the event loop's time."""
        ...


class Connections:
    """Counts connections by address, and looks after all of them once a second. Belongs to one event loop.

    Args:
        bounds: how many there may be.
        is_proxy: whether an address is a proxy's, behind which many clients stand.
    """

    def __init__(self, bounds: HttpBounds, is_proxy: Callable[[str], bool] = lambda _address: False) -> None:
        self.bounds = bounds
        self.uploads = 0
        """Bytes of bodies that are being received or worked on."""
        self._is_proxy = is_proxy
        self._open: dict[Watched, str] = {}
        self._places: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, connection: Watched, address: str) -> bool:
        """Count a connection; False, and it is not counted, where there are too many."""
        place = "" if self._is_proxy(address) else network_of(address)
        bounds = self.bounds
        if bounds.connections and len(self._open) >= bounds.connections:
            return False
        if place and bounds.per_address and self._places[place] >= bounds.per_address:
            return False
        self._open[connection] = place
        self._places[place] += 1
        return True

    def leave(self, connection: Watched) -> None:
        """Count it no more; a second call does nothing."""
        place = self._open.pop(connection, None)
        if place is not None:
            self._places[place] -= 1
            if not self._places[place]:
                del self._places[place]

    def start(self) -> None:
        """Begin to look after them."""
        self._timer = asyncio.get_running_loop().call_later(SWEEP_EVERY, self._sweep)

    def stop(self) -> None:
        """Look no more."""
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
