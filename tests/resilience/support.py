"""A running instance whose parts are killed, and what a second connection saw committed before."""

import os
import signal
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

import orjson
import psycopg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin

from db.core.pool import Database
from db.embedded.programs import read_pid
from db.embedded.servers import Embedded
from tests.conftest import Site, wait_for

Part = Literal["postgres", "backend", "valkey", "process"]
Quote = tuple[int, str, datetime, int]
RECOVERY = 10.0


def pid_of(site: Site, part: Part) -> int:
    embedded = Embedded(site.data_dir)
    files = {"postgres": site.data_dir / "postgres" / "postmaster.pid", "valkey": embedded.run_dir / "valkey.pid"}
    if part == "process":
        return site.process.pid
    if part == "backend":
        with psycopg.connect(embedded.endpoints().database_url) as connection:
            query = (
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'tracera' ORDER BY state_change DESC LIMIT 1"
            )
            row = connection.execute(query).fetchone()
        assert row
        return int(row[0])
    pid = read_pid(files[part])
    assert pid, f"{part} does not run"
    return pid


def kill(site: Site, part: Part) -> float:
    """SIGKILL; returns when."""
    pid = pid_of(site, part)
    os.kill(pid, signal.SIGKILL)
    if part == "process":
        site.process.wait()
    return time.monotonic()


class Witness:
    """Reads what others have committed, as fast as it can, until its connection breaks or it is told to stop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.seen: set[Quote] = set()

    def start(self) -> "Witness":
        self._thread.start()
        wait_for(lambda: len(self.seen) > 50, 30, "hardly any quotes are committed")
        return self

    def stop(self) -> set[Quote]:
        self._stop.set()
        self._thread.join()
        return self.seen

    def _run(self) -> None:
        since = datetime.now(UTC)
        with suppress(psycopg.OperationalError), psycopg.connect(self._url, autocommit=True) as connection:
            while not self._stop.is_set():
                rows = committed(connection, since)
                self.seen |= rows
                time.sleep(0.01)


def committed(connection: psycopg.Connection, since: datetime) -> set[Quote]:
    """Live quotes from `since` on; the simulated past is loaded in whole hours and would drown them."""
    query = "SELECT item_id, source, time, price FROM price_history WHERE time >= %s"
    return set(connection.execute(query, [since]).fetchall())


def newest(site: Site) -> datetime | None:
    """The newest live quote in the database; None while it does not answer."""
    try:
        with psycopg.connect(site.endpoints().database_url, connect_timeout=1) as connection:
            row = connection.execute("SELECT max(time) FROM price_latest").fetchone()
    except psycopg.OperationalError:
        return None
    return row[0] if row else None


def lost(site: Site, seen: set[Quote]) -> set[Quote]:
    """What of `seen` is no longer there."""
    database = Database(site.endpoints().database_url, size=1)
    try:
        with database.connection() as connection:
            return seen - committed(connection, min(at for _, _, at, _ in seen))
    finally:
        database.close()


class Listener:
    """A WebSocket client that notes when prices arrive; it comes back at once when it is thrown out."""

    def __init__(self, site: Site, item_ids: list[int]) -> None:
        self._url, self._items = site.url, item_ids
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.connections = 0
        self.heard = 0.0
        """When a price was heard last that was not older than 5 s."""

    def start(self) -> "Listener":
        self._thread.start()
        wait_for(lambda: self.heard, 30, "no prices arrive")
        return self

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            with suppress(OSError, ConnectionClosed, TimeoutError):
                self._listen()
            time.sleep(0.1)

    def _listen(self) -> None:
        address = self._url.replace("http", "ws", 1) + "/api/v1/ws"
        with connect(address, origin=Origin(self._url), open_timeout=2, close_timeout=1) as socket:
            self.connections += 1
            socket.send(orjson.dumps({"action": "subscribe", "item_ids": self._items}).decode())
            while not self._stop.is_set():
                with suppress(TimeoutError):
                    message = orjson.loads(socket.recv(0.5))
                    if message["type"] == "price" and age(message["timestamp"]) < 5:
                        self.heard = time.monotonic()


def age(timestamp: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(timestamp)).total_seconds()
