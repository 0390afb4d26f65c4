"""A server with TimescaleDB that tests borrow, in the place of the embedded PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg

NAMES = "SELECT datname FROM pg_database"


@contextmanager
def borrowed(url: str) -> Iterator[str]:
    """The address of an empty database `tracera` there, as the embedded server's; databases made meanwhile are dropped.

    Nothing is vacuumed or analysed by itself meanwhile, as on the embedded server.
    """
    parts = urlsplit(url)
    database_url = parts._replace(path="/tracera", query=parts.query or "connect_timeout=10").geturl()
    with psycopg.connect(url, autocommit=True) as connection:
        before = {name for (name,) in connection.execute(NAMES)}
        if "tracera" in before:
            raise RuntimeError(
                "TRACERA_TEST_TIMESCALE_URL: that server has a database `tracera`, which tests would use"
            )
        try:
            connection.execute("ALTER SYSTEM SET autovacuum = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE tracera")
            yield database_url
        finally:
            connection.execute("ALTER SYSTEM RESET autovacuum")
            connection.execute("SELECT pg_reload_conf()")
            for (name,) in connection.execute(NAMES).fetchall():
                if name not in before:
                    connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
