"""Connection pool: PostgreSQL connections, shared and checked; nothing connects before the first use."""

import math
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, ClassVar, Final, LiteralString, Self, TypeVar

import psycopg
import structlog
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import RowFactory, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from db.core.breaker import Breaker
from db.core.slow import TimedCursor

log = structlog.get_logger(__name__)

ATTEMPT_SECONDS = 1.0
"""Seconds after which a connection that does not come is asked for again."""
LONG_TIMEOUT: Final = 30.0
"""Seconds for statements over all items, or over everything of a user, where a request makes them."""
IMMEDIATE: Final = 0.3
MARGIN: Final = 0.2
"""Seconds that the server's own limit has to speak first."""
CONNECT_OPTIONS: Final = {"connect_timeout": 2}
"""The least that libpq accepts; a caller waits for the pool, not for this."""
SET_STATEMENT_TIMEOUT: Final = "SELECT set_config('statement_timeout', %s, false)"
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


class FailFastConnection(psycopg.Connection[Any]):
    """A connection that is given up when the server is silent for longer than `answer_within` seconds."""

    answer_within: float | None = None
    refused_at: ClassVar[float] = -math.inf
    """When a server last said no at once: it is down, or starting, but does not hang. Each pool has a class of its own."""

    @classmethod
    def connect(cls, *args: Any, **options: Any) -> Self:
        """Connect, and note a refusal that came at once."""
        begun = time.monotonic()
        try:
            return super().connect(*args, **options)
        except psycopg.OperationalError:
            if time.monotonic() - begun < IMMEDIATE:
                cls.refused_at = time.monotonic()
            raise

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for an answer.

        Raises:
            AnswerTimeoutError: none came; the connection is closed, since its answer may come later.
        """
        try:
            return super().wait(gen, interval, self.answer_within if timeout is None else timeout)
        except psycopg.errors._WaitTimeout as error:  # noqa: SLF001  # it has no other name
            self.close()
            raise AnswerTimeoutError("no answer in time") from error


class AnswerTimeoutError(psycopg.OperationalError):
    """The server did not answer in time."""


class Database:
    """A pool of connections to one database.

    Args:
        url: a libpq address.
        size: the most connections this process opens.
        wait: seconds to wait for a connection before `DatabaseDownError`.
        answer_within: seconds that a statement may take, as requests need it; None: as long as it takes, as jobs do.
        slow_after: seconds from which a statement is named in the log as slow; 0: none is.
        breaker: knows whether the database did not answer a moment ago; then requests fail at once.
    """

    def __init__(
        self,
        url: str,
        *,
        size: int = 16,
        wait: float = 5.0,
        answer_within: float | None = None,
        slow_after: float = 0.0,
        breaker: Breaker | None = None,
    ) -> None:
        self.url = url
        self._wait = wait
        self._answer_within = answer_within
        self._breaker = breaker
        self._connection_class: type[FailFastConnection] = type("PooledConnection", (FailFastConnection,), {})
        self._pool = ConnectionPool(
            url,
            min_size=1,
            max_size=size,
            open=False,
            check=check,
            connection_class=self._connection_class,
            configure=self._configure,
            kwargs={
                "autocommit": True,
                "application_name": "tracera",
                **(
                    {"cursor_factory": type("PooledCursor", (TimedCursor,), {"slow_after": slow_after})}
                    if slow_after
                    else {}
                ),
                **({} if answer_within is None else CONNECT_OPTIONS),
            },
            reconnect_timeout=ATTEMPT_SECONDS / 2,
            name="tracera",
        )
        self._opened = False
        self._lock = Lock()

    @contextmanager
    def connection(self, *, answer_within: float | None = None) -> Iterator[psycopg.Connection]:
        """One connection in autocommit mode; `with connection.transaction()` groups writes.

        Args:
            answer_within: seconds for a statement that is known to take longer than others, where those are limited.

        Raises:
            DatabaseDownError: no connection could be had, it broke while in use, or a statement took too long.
        """
        self._open()
        with self._report_outcome():
            connection = self._borrow()
            try:
                with connection, self._with_timeout(connection, answer_within):
                    yield connection
            finally:
                self._pool.putconn(connection)

    @contextmanager
    def _report_outcome(self) -> Iterator[None]:
        """Turn a failure into `DatabaseDownError`, and report success or failure to the breaker."""
        if self._breaker and not self._breaker.allows():
            raise DatabaseDownError("the database does not answer: it did not a moment ago")
        try:
            yield
        except (PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError) as error:
            if self._breaker:
                (self._breaker.failed if self._is_hanging(error) else self._breaker.succeeded)()
            raise DatabaseDownError(f"the database does not answer: {' '.join(str(error).split())}") from error
        except BaseException:
            if self._breaker:
                self._breaker.succeeded()
            raise
        if self._breaker:
            self._breaker.succeeded()

    def _is_hanging(self, error: Exception) -> bool:
        """Whether the server hangs. One that refuses is asked again by the next request, and found as soon as it is back."""
        refused = time.monotonic() - self._connection_class.refused_at < self._wait + ATTEMPT_SECONDS
        return isinstance(error, AnswerTimeoutError) or (isinstance(error, PoolTimeout) and not refused)

    @contextmanager
    def _with_timeout(self, connection: FailFastConnection, answer_within: float | None) -> Iterator[None]:
        """Give the statements of a block more time than others have. The first answer shows that the server is there."""
        if answer_within is None or self._answer_within is None:
            yield
            return
        connection.execute(SET_STATEMENT_TIMEOUT, [str(int(answer_within * 1000))])
        connection.answer_within = answer_within + MARGIN
        try:
            yield
        finally:
            connection.answer_within = self._answer_within + MARGIN
            if not connection.closed and connection.info.transaction_status == TransactionStatus.IDLE:
                connection.execute(SET_STATEMENT_TIMEOUT, [str(int(self._answer_within * 1000))])
            else:
                connection.close()

    def _configure(self, connection: FailFastConnection) -> None:
        """Limit how long a new connection's statements take; the server's own limit comes first and leaves it usable.

        TimescaleDB's own limit of what one statement may decompress goes: a late correction of an old month needs more.
        """
        connection.execute("SET timescaledb.max_tuples_decompressed_per_dml_transaction = 0")
        if self._answer_within is not None:
            connection.execute(SET_STATEMENT_TIMEOUT, [str(int(self._answer_within * 1000))])
            connection.answer_within = self._answer_within + MARGIN

    def _borrow(self) -> FailFastConnection:
        """A connection that works. Each attempt makes the pool connect anew: a server that came back is found soon.

        Raises:
            PoolTimeout: there was none within `wait`.
        """
        deadline = time.monotonic() + self._wait
        while True:
            try:
                return self._pool.getconn(timeout=min(ATTEMPT_SECONDS, self._wait))
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

    def fetch(
        self,
        query: LiteralString,
        parameters: Any,
        *,
        factory: RowFactory[T],
        binary: bool = False,
        answer_within: float | None = None,
    ) -> list[T]:
        """All rows of a query, made by `factory`."""
        with (
            self.connection(answer_within=answer_within) as connection,
            connection.cursor(row_factory=factory, binary=binary) as cursor,
        ):
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
