"""PostgreSQL connections, shared and checked; nothing connects before the first use."""

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, LiteralString, TypeVar

import psycopg
import structlog
from psycopg.rows import RowFactory, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

log = structlog.get_logger(__name__)

ATTEMPT = 1.0
"""Seconds after which a connection that does not come is asked for again."""
Row = dict[str, Any]
T = TypeVar("T")


class DatabaseDownError(RuntimeError):
    """PostgreSQL does not answer; what was asked can be asked again later."""


def check(connection: psycopg.Connection) -> None:
    """Ask a connection whether it lives, but only if its idle socket has something to say.

    A server that went away closes it, which makes it readable; a question before every query would double the waiting.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        ConnectionPool.check_connection(connection)


class Database:
    """A pool of connections to one database.

    Args:
        url: a libpq address.
        size: the most connections this process opens.
        wait: seconds to wait for a connection before `DatabaseDownError`.
    """

    def __init__(self, url: str, *, size: int = 16, wait: float = 5.0) -> None:
        self.url = url
        self._wait = wait
        self._pool = ConnectionPool(
            url,
            min_size=1,
            max_size=size,
            open=False,
            check=check,
            kwargs={"autocommit": True, "application_name": "tracera"},
            reconnect_timeout=ATTEMPT / 2,
            name="tracera",
        )
        self._opened = False
        self._lock = Lock()

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        """One connection in autocommit mode; `with connection.transaction()` groups writes.

        Raises:
            DatabaseDownError: no connection could be had, or it broke while in use.
        """
        self._open()
        try:
            connection = self._borrow()
            try:
                with connection:
                    yield connection
            finally:
                self._pool.putconn(connection)
        except (PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise DatabaseDownError(f"the database does not answer: {' '.join(str(error).split())}") from error

    def _borrow(self) -> psycopg.Connection:
        """A connection that works. Each attempt makes the pool connect anew: a server that came back is found soon.

        Raises:
            PoolTimeout: there was none within `wait`.
        """
        deadline = time.monotonic() + self._wait
        while True:
            try:
                return self._pool.getconn(timeout=min(ATTEMPT, self._wait))
            except PoolTimeout:
                if time.monotonic() >= deadline:
                    raise

    def rows(self, query: LiteralString, parameters: Any = None) -> list[Row]:
        """All rows of a query, as dictionaries."""
        return self.fetch(query, parameters, factory=dict_row)

    def row(self, query: LiteralString, parameters: Any = None) -> Row | None:
        """The first row of a query, or None."""
        found = self.rows(query, parameters)
        return found[0] if found else None

    def fetch(self, query: LiteralString, parameters: Any, *, factory: RowFactory[T], binary: bool = False) -> list[T]:
        """All rows of a query, made by `factory`."""
        with self.connection() as connection, connection.cursor(row_factory=factory, binary=binary) as cursor:
            return cursor.execute(query, parameters).fetchall()

    def execute(self, query: LiteralString, parameters: Any = None) -> int:
        """Run one statement in its own transaction and return the number of rows it changed."""
        with self.connection() as connection:
            return connection.execute(query, parameters).rowcount

    def stats(self) -> dict[str, int]:
        """The pool's own counters."""
        return self._pool.get_stats()

    def close(self) -> None:
        """Give all connections back to the server."""
        self._pool.close()

    def _open(self) -> None:
        if not self._opened:
            with self._lock:
                if not self._opened:
                    self._pool.open()
                    self._opened = True
