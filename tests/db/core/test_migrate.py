import os
import threading

import psycopg
import pytest

from db.core import migrate
from db.core.pool import DatabaseDownError
from db.embedded.servers import Endpoints


def empty(endpoints: Endpoints, name: str) -> str:
    """The address of a database without anything in it."""
    with psycopg.connect(endpoints.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return endpoints.database_url.replace("/tracera?", f"/{name}?")


def test_several_may_ask_at_once_and_each_migration_is_applied_once(endpoints: Endpoints) -> None:
    url = empty(endpoints, "empty_one")
    applied: list[str] = []
    asking = [threading.Thread(target=lambda: applied.extend(migrate.upgrade(url))) for _ in range(3)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert sorted(applied) == list(migrate.names())


def test_what_a_killed_process_left_behind_is_no_obstacle(endpoints: Endpoints) -> None:
    url = empty(endpoints, "left_behind")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE yoyo_lock (locked int PRIMARY KEY, ctime timestamp, pid int NOT NULL)")
        connection.execute("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), %s)", [os.getpid()])
    assert sorted(migrate.upgrade(url)) == list(migrate.names())


def test_an_unreachable_database_is_reported_in_one_line() -> None:
    with pytest.raises(DatabaseDownError, match="does not answer") as told:
        migrate.upgrade("postgresql://127.0.0.1:9/none")
    assert "\n" not in str(told.value)
