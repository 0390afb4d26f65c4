"""Fault run of the live path: two processes, many clients, and everything between them killed in turn; all end with the database's price.

`make live-fault-run` takes five minutes with 2,000 clients; `python -m tests.live.fault_run --seconds 60 --clients 100` is a short one.
Exit code 1 where a client ends with another price than the database's, or was told of a tick twice or of an older one.
"""

import argparse
import asyncio
import contextlib
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin

from db.core.pool import Database
from db.embedded.servers import Embedded
from db.quotes import latest
from tests.conftest import Site, free_port, start_site, wait_for
from tests.live.support import Valkey

EACH: Final = 10
"""Items of a client; all clients come from one address, which may ask for 2,000 a second."""
SETTLED: Final = 90.0
"""Seconds after the last fault within which every client has the database's price."""
ASK_POSITION: Final = 2.0
Tick = tuple[str, int]
"""When a price was quoted, and the price."""


class Client:
    """A client that resumes, at another process where its own is gone, and checks what it is told."""

    def __init__(self, addresses: Sequence[str], items: Sequence[int]) -> None:
        self._addresses, self._items = list(addresses), list(items)
        self.newest: dict[tuple[int, str], Tick] = {}
        self.wrong: list[str] = []
        self.stale: list[float] = []
        """Seconds from each lost connection to the answer that ended it."""
        self.recovered, self.snapshots, self.missed_by_all = 0, 0, 0
        self._epoch, self._offset, self._settled = "", 0, False
        self._snapshot = True
        """Whether what comes before the next position may be a snapshot, which says what is current, known or not."""
        self._lost: float | None = None

    async def run(self) -> None:
        while True:
            with contextlib.suppress(OSError, TimeoutError, WebSocketException):
                await self._connection(self._addresses[0])
            if self._lost is None:
                self._lost = time.monotonic()
            self._addresses.append(self._addresses.pop(0))
            await asyncio.sleep(random.uniform(0.1, 0.5))

    async def _connection(self, address: str) -> None:
        url = address.replace("http", "ws") + "/api/v1/ws"
        async with connect(url, origin=Origin(address), compression=None, open_timeout=10) as connection:
            if self._epoch:
                asked = {"action": "resume", "epoch": self._epoch, "offset": self._offset}
            else:
                asked = {"action": "subscribe"}
            await connection.send(orjson.dumps(asked | {"item_ids": self._items}).decode())
            self._settled, self._snapshot = False, True
            asking = asyncio.create_task(self._ask_position(connection))
            try:
                async for text in connection:
                    self._hear(orjson.loads(text))
            finally:
                asking.cancel()

    async def _ask_position(self, connection: ClientConnection) -> None:
        with contextlib.suppress(WebSocketException):
            while True:
                await connection.send('{"action":"ping","position":true}')
                await asyncio.sleep(ASK_POSITION)

    def _hear(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "price":
                self._take(message)
            case "pong" if "offset" in message:
                self._epoch, self._offset, self._settled = message["epoch"], message["offset"], True
            case "subscribed":
                self._is_back()
            case "resumed" if self._lost is not None:
                self.recovered += message["recovered"]
                self.snapshots += not message["recovered"]
                self._snapshot = not message["recovered"]
                self._is_back()
            case "resumed":
                self.missed_by_all += 1
                self._settled, self._snapshot = False, True

    def _is_back(self) -> None:
        if self._lost is not None:
            self.stale.append(time.monotonic() - self._lost)
            self._lost = None

    def _take(self, message: dict[str, Any]) -> None:
        key, tick = (message["item_id"], message["source"]), (message["timestamp"], message["price"])
        known = self.newest.get(key)
        # Until it is told its position it stands where it was, and may hear again what came behind that.
        may_repeat = not self._settled and (self._snapshot or message.get("offset", 0) > self._offset)
        if known is not None and (tick[0] < known[0] or (tick[0] == known[0] and not may_repeat)):
            self.wrong.append(f"item {key}: {tick} after {known}")
        self.newest[key] = tick
        if self._settled and "offset" in message:
            self._offset = max(self._offset, message["offset"])

    def differs(self, prices: dict[int, tuple[str, int]]) -> bool:
        """Whether what it has is not the database's."""
        if self._lost is not None:
            return True
        known = {item: self.newest.get((item, prices[item][0])) for item in self._items}
        return any(tick is None or tick[1] != prices[item][1] for item, tick in known.items())


class FaultRun:
    """Two served processes on a PostgreSQL and a Valkey that are not their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = Embedded(folder / "database", redis=False).start()
        self.valkey = Valkey(folder)
        self.valkey.start()
        self._ports = free_port(), free_port()
        self.sites: list[Site] = []
        for number in range(2):  # the first one brings the schema and the market
            self.sites.append(self._serve(number))
            wait_for(lambda: len(self.item_ids()) > EACH, 120, f"no items; see {self.sites[-1].log}")

    def _serve(self, number: int) -> Site:
        return start_site(
            self._folder / f"site{number}",
            self._ports[number],
            TRACERA_DATABASE_URL=self._database.endpoints().database_url,
            TRACERA_REDIS_URL=self.valkey.url,
            TRACERA_LIMIT_SOCKETS="0",
            TRACERA_LIMIT_CONNECTIONS="0",
            TRACERA_DEMO_HISTORY_DAYS="1",
            TRACERA_DEMO_INTERVAL="1",
        )

    @property
    def addresses(self) -> list[str]:
        return [site.url for site in self.sites]

    def item_ids(self) -> list[int]:
        return [item["id"] for item in orjson.loads(self.sites[-1].get("/api/v1/items?limit=100")[1] or b"[]")]

    def prices(self) -> dict[int, tuple[str, int]]:
        """The database's: the source and the price of each item."""
        database = Database(self._database.endpoints().database_url, size=1)
        try:
            return {row["item_id"]: (row["source"], row["price"]) for row in latest.headlines(database)}
        finally:
            database.close()

    # Faults

    def kill_redis(self) -> None:
        """It comes back empty."""
        self.valkey.kill()
        time.sleep(2)
        self.valkey.start()

    def flush_all(self) -> None:
        self.valkey.client.flushall()

    def cut(self) -> None:
        """The channels' connections alone."""
        self.valkey.cut()

    def hang(self) -> None:
        self.valkey.signal(signal.SIGSTOP)
        time.sleep(4)
        self.valkey.signal(signal.SIGCONT)

    def kill_first(self) -> None:
        self._kill(0)

    def kill_second(self) -> None:
        self._kill(1)

    def _kill(self, number: int) -> None:
        self.sites[number].process.kill()
        self.sites[number].process.wait()
        time.sleep(2)
        self.sites[number] = self._serve(number)
        wait_for(lambda: self.sites[number].get("/healthz")[0] == 200, 90, "a killed process does not come back")

    def end(self) -> None:
        for site in self.sites:
            site.process.terminate()
        for site in self.sites:
            site.process.wait(30)
        self.valkey.kill()
        self._database.stop()


async def watched(run: FaultRun, clients: Sequence[Client], seconds: float) -> int:
    """All faults in turn, FLUSHALL once, until the time is over; how many clients differ from the database after that."""
    tasks = [asyncio.create_task(client.run()) for client in clients]
    await until(lambda: all(client.newest for client in clients))
    begun = time.monotonic()
    faults = [run.kill_redis, run.kill_first, run.cut, run.kill_second, run.hang]
    turns = [run.kill_redis, run.kill_first, run.flush_all, run.cut, run.kill_second, run.hang]
    while time.monotonic() - begun < seconds:
        for fault in turns:
            before = sum(client.missed_by_all for client in clients)
            await asyncio.to_thread(fault)
            await asyncio.sleep(seconds / 30)
            told = sum(client.missed_by_all for client in clients) - before
            print(f"{time.monotonic() - begun:5.0f} s  {fault.__name__:<12} told of a snapshot: {told}", flush=True)
        turns = faults
    differing = len(clients)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLED):
            while differing:
                await asyncio.sleep(0.5)
                prices = await asyncio.to_thread(run.prices)
                differing = sum(client.differs(prices) for client in clients)
    for task in tasks:
        task.cancel()
    return differing


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not condition():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.1)


def told(clients: Sequence[Client]) -> str:
    """What the clients went through."""
    stale = sorted(seconds for client in clients for seconds in client.stale) or [0.0]
    recovered, snapshots = (sum(getattr(client, name) for client in clients) for name in ("recovered", "snapshots"))
    return (
        f"{len(clients)} clients, {sum(len(client.newest) for client in clients)} prices, {len(stale)} times cut off:"
        f" p50 {stale[len(stale) // 2]:.1f} s, longest {stale[-1]:.1f} s; {recovered} recovered without a snapshot,"
        f" {snapshots} with one; told {sum(client.missed_by_all for client in clients)} times that all missed some"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clients", type=int, default=2_000, help="how many (%(default)s)")
    parser.add_argument("--seconds", type=float, default=300, help="how long faults come (%(default)s)")
    options = parser.parse_args()
    chance = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="live-fault-run-") as folder:
        run = FaultRun(Path(folder))
        try:
            items = run.item_ids()
            addresses = run.addresses
            clients = [
                Client(addresses[:: 1 if number % 2 else -1], chance.sample(items, EACH))
                for number in range(options.clients)
            ]
            differing = asyncio.run(watched(run, clients, options.seconds))
        finally:
            run.end()
    wrong = [line for client in clients for line in client.wrong]
    print(told(clients))
    print(f"other prices than the database's: {differing} clients; ticks twice or backwards: {len(wrong)}")
    print("\n".join(wrong[:20]))
    return 1 if differing or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
