"""Embedded servers: PostgreSQL and Valkey from their wheels, started under the data folder when no address is configured.

One process owns the two servers (it holds `owner.lock`) and restarts them when they die; every other process attaches, and
one of them takes over when the owner is gone.
"""

import fcntl
import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote

import structlog

from db.embedded import programs

log = structlog.get_logger(__name__)

LOCK_FILE, USERS_FILE = "owner.lock", "users.lock"
MAX_USERS_WAIT = 600.0
CHECK_EVERY = 0.25
START_TIMEOUT = 60.0
MAX_ENDS = 5
"""A server that ends so often by itself while it starts is given up."""
HINT = "look at {log}; remove nothing there, it holds your data"


class EmbeddedError(RuntimeError):
    """An embedded server could not be started; the message says where its log is."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the two servers listen: unix sockets only."""

    database_url: str
    redis_url: str


class Embedded:
    """The embedded servers of one data folder.

    Args:
        data_dir: kept for good; holds `postgres/`, `valkey/`, `log/` and `run/`.
        postgres: whether PostgreSQL is wanted (no, where TRACERA_DATABASE_URL is set).
        redis: whether Valkey is wanted (no, where TRACERA_REDIS_URL is set).
        brief: whether this process ends by itself soon, as commands do. Such a one that owns the servers lets others
            like it finish before it stops them; a serving process survives a change of owner and is not waited for.
    """

    def __init__(self, data_dir: Path, *, postgres: bool = True, redis: bool = True, brief: bool = False) -> None:
        self.brief = brief
        self._users: IO[str] | None = None
        self.data_dir = data_dir.absolute()
        self.run_dir = programs.socket_dir(self.data_dir)
        self.postgres = programs.Postgres(self.data_dir, self.run_dir) if postgres else None
        self.valkey = programs.Valkey(self.data_dir, self.run_dir) if redis else None
        self._lock: IO[str] | None = None
        self._stop = threading.Event()
        self._failure: str | None = None
        self._up = False
        self._thread: threading.Thread | None = None

    @property
    def owner(self) -> bool:
        """Whether this process runs the servers, rather than using another's."""
        return self._lock is not None

    def start(self) -> Self:
        """Own or attach, and return when both answer; may be called again after `stop` or a failure.

        Raises:
            EmbeddedError: the data folder cannot be used, or a server did not come up within a minute.
        """
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            with (self.data_dir / LOCK_FILE).open("a+"):
                pass
        except OSError as error:
            raise EmbeddedError(f"TRACERA_DATA_DIR {self.data_dir} cannot be written: {error.strerror}") from error
        self._failure, self._up = None, False
        self._stop.clear()
        # The servers' parent is this thread: Linux sends the parent-death signal when the forking *thread* ends.
        self._thread = threading.Thread(target=self._supervise, name="embedded-servers", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_TIMEOUT
        if self.brief:
            self._join_users(deadline)
        while not self.ready():
            if message := self._start_failure(deadline):
                self.stop()
                raise EmbeddedError(f"{message}; {HINT.format(log=self.data_dir / 'log')}")
            time.sleep(0.02)
        self._up = True
        return self

    def _start_failure(self, deadline: float) -> str | None:
        """Why there is nothing more to wait for; None while there is."""
        for server in self._servers():
            if server.ends >= MAX_ENDS:
                return f"{server.name} does not start: {server.last_log_line()}"
        late = time.monotonic() > deadline
        return self._failure or ("the embedded servers did not answer within a minute" if late else None)

    def ready(self) -> bool:
        """Whether every wanted server takes connections now."""
        return all(server.ready() for server in self._servers())

    def stop(self) -> None:
        """Stop the servers if this process owns them; committed rows are kept."""
        if self._users and self.owner:
            self._wait_for_users(self._users)
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=45)
            self._thread = None
        if self._users:
            self._users.close()
            self._users = None

    def endpoints(self) -> Endpoints:
        """The servers' addresses."""
        host = quote(str(self.run_dir), safe="")
        return Endpoints(
            database_url=f"postgresql://{programs.DATABASE}@/{programs.DATABASE}?host={host}",
            redis_url=f"unix://{quote(str(self.run_dir / programs.VALKEY_SOCKET))}?db=0",
        )

    def _join_users(self, deadline: float) -> None:
        """Keep an owner that is about to stop from stopping; one that stops already is waited for."""
        self._users = (self.data_dir / USERS_FILE).open("a+")
        while not _lock(self._users, fcntl.LOCK_SH) and time.monotonic() < deadline:
            time.sleep(0.05)

    def _wait_for_users(self, users: IO[str]) -> None:
        """Wait until no other command uses the servers; the lock keeps new ones out while they stop."""
        fcntl.flock(users, fcntl.LOCK_UN)
        deadline = time.monotonic() + MAX_USERS_WAIT
        logged = False
        while not _lock(users, fcntl.LOCK_EX) and time.monotonic() < deadline:
            if not logged:
                log.info("another command still uses the database; waiting for it")
                logged = True
            time.sleep(0.05)

    def _servers(self) -> list[programs.Server]:
        return [server for server in (self.postgres, self.valkey) if server is not None]

    def _supervise(self) -> None:
        while not self._stop.is_set():
            try:
                if self.owner or self._take_over():
                    for server in self._servers():
                        server.keep_alive()
            except (OSError, subprocess.SubprocessError, programs.ServerError) as error:
                self._record_failure(str(error))
            self._stop.wait(CHECK_EVERY)
        if self.owner:
            for server in self._servers():
                server.terminate()
            for server in self._servers():
                server.wait()
        if self._lock:
            self._lock.close()
            self._lock = None

    def _record_failure(self, failure: str) -> None:
        """Keep what went wrong for `start`; once it returned, log it, and each failure once."""
        if self._up and failure != self._failure:
            log.warning("embedded server did not start", error=failure)
        self._failure = failure

    def _take_over(self) -> bool:
        handle = (self.data_dir / LOCK_FILE).open("a+")
        if not _lock(handle, fcntl.LOCK_EX):
            handle.close()
            return False
        os.set_inheritable(handle.fileno(), False)  # noqa: FBT003  # the servers must not keep the lock
        self._lock = handle
        return True


def _lock(handle: IO[str], kind: int) -> bool:
    """Take a lock if it is to be had."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
