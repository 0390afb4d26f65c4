"""Exactly one scheduler acts: whoever holds an advisory lock on a connection of its own."""

import psycopg
import structlog

log = structlog.get_logger(__name__)

LOCK = 730_730_730
"""The key of the advisory lock; one instance is one database."""


class Leadership:
    """A claim to be the one that runs jobs; it ends with the connection, so a dead process never holds it."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self._connection: psycopg.Connection | None = None

    def held(self) -> bool:
        """Whether this process leads now; tries to become the leader if nobody is."""
        try:
            if self._connection is None:
                self._connection = psycopg.connect(
                    self.database_url,
                    autocommit=True,
                    connect_timeout=3,
                    application_name="tracera-leader",
                    keepalives_idle=10,
                )
                self._leading = False
            if self._leading:
                self._connection.execute("SELECT 1")
                return True
            row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
            self._leading = bool(row and row[0])
        except psycopg.OperationalError as error:
            log.info("not leading: the database does not answer", error=str(error).strip())
            self.release()
            return False
        return self._leading

    def release(self) -> None:
        """Let another process lead."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._leading = False
