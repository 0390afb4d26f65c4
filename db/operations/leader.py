"""Leader election: the one scheduler that acts holds an advisory lock on a connection of its own."""

from typing import Any

import psycopg
import structlog

log = structlog.get_logger(__name__)

LOCK = 730_730_730
"""The key of the advisory lock; one instance is one database."""
OPTIONS: dict[str, Any] = {
    "autocommit": True,
    "connect_timeout": 3,
    "application_name": "tracera-leader",
    # A network that swallows packets ends the connection within half a minute, on this side as on the server's.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


class Leadership:
    """A claim to be the one that runs jobs; it ends with the connection, so a dead process never holds it."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self._connection: psycopg.Connection | None = None
        self._leading = False

    def held(self) -> bool:
        """Whether this process leads now; tries to become the leader if there is none.

        A connection that broke is replaced at once: a database that came back goes on without a pause.
        """
        was_connected = self._connection is not None
        try:
            return self._claim()
        except psycopg.OperationalError as error:
            self.release()
            failure = error
        if was_connected:
            try:
                return self._claim()
            except psycopg.OperationalError as error:
                self.release()
                failure = error
        log.info("not leading: the database does not answer", error=" ".join(str(failure).split()))
        return False

    def _claim(self) -> bool:
        if self._connection is None:
            self._connection, self._leading = psycopg.connect(self.database_url, **OPTIONS), False
        if self._leading:
            self._connection.execute("SELECT 1")
        else:
            row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
            self._leading = bool(row and row[0])
        return self._leading

    def release(self) -> None:
        """Let another process lead, at once: a server notices a closed connection a little later."""
        if self._connection is None:
            return
        try:
            if self._leading:
                self._connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        except psycopg.OperationalError as error:
            log.info("the lead ends with its broken connection", error=" ".join(str(error).split()))
        self._leading = False
        self._connection.close()
        self._connection = None
