"""People who keep asking while processes are restarted, and what they were told."""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import httpx
import orjson
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.deploy.proxies import Front
from tests.deploy.visitor import Visitor, subscribe

ASKED = ("/api/v1/items?limit=5", "/", "/api/v1/symbols", "/readyz", "/api/v1/auth/me")


@dataclass(slots=True)
class Load:
    """Readers who ask one request after the other and try none again."""

    front: Front
    readers: int = 4
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> "Load":
        self._threads = [threading.Thread(target=self._read, args=(number,)) for number in range(self.readers)]
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self, number: int) -> None:
        visitor = Visitor(self.front, f"127.0.4.{number + 1}")
        visitor.sign_in("steam/login")
        for path in iter(lambda: ASKED[sum(self.statuses.values()) % len(ASKED)], None):
            if self._stop.wait(0.01):
                break
            begun = time.monotonic()
            try:
                status = visitor.get(path).status_code
                if status != 200:
                    self.failures.append(f"{status} {path}")
                self.statuses[status] += 1
            except httpx.HTTPError as error:
                self.failures.append(f"{type(error).__name__} {path}: {error}")
            self.slowest = max(self.slowest, time.monotonic() - begun)
        visitor.close()


class Watcher:
    """A page that shows prices: it comes back at once when its socket ends, and keeps the newest of each item."""

    def __init__(self, front: Front, address: str, item_ids: list[int]) -> None:
        self._front, self._address, self._items = front, address, item_ids
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.shown: dict[int, tuple[int, str]] = {}
        self.connections = 0

    def start(self) -> "Watcher":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def shows(self, latest: Mapping[int, tuple[int, str]]) -> bool:
        """Whether it shows exactly these prices."""
        return all(self.shown.get(item) == price for item, price in latest.items())

    def _run(self) -> None:
        visitor = Visitor(self._front, self._address)
        while not self._stop.is_set():
            with suppress(OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                self._watch(visitor)
            time.sleep(0.2)
        visitor.close()

    def _watch(self, visitor: Visitor) -> None:
        with visitor.socket() as socket:
            self.connections += 1
            subscribe(socket, *self._items)
            while not self._stop.is_set():
                with suppress(TimeoutError):
                    message = orjson.loads(socket.recv(0.5))
                    if message["type"] == "price":
                        self.shown[message["item_id"]] = (message["price"], message["timestamp"])
