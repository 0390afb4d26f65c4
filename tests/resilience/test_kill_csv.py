"""kill -9 in the middle of a CSV load of 100,000 lines: the state before it is whole, and the file loads afterwards."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import psycopg
import pytest

from app.auth.keys import hash_key, new_key
from db import api_keys
from db.pool import Database
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.portfolio.conftest import add_person
from tests.resilience.support import kill

pytestmark = pytest.mark.slow
LINES = 100_000
HEAD = "date,type,item,quantity,price\n"
FIRST = HEAD + "2024-01-01,buy,Glove Case,5,1.00\n2024-01-02,sell,Glove Case,2,2.00\n"
MOMENTS = ("COPY arrived", "INSERT INTO portfolio_transactions")
"""The statement during which the process ends; before them nothing is written at all."""
STATE = """
SELECT (SELECT json_agg(t ORDER BY id) FROM portfolio_transactions t)::text || (SELECT json_agg(p ORDER BY id) FROM portfolios p)::text
"""


def start(data_dir: Path) -> Site:
    """An instance that collects nothing, once it answers from its database."""
    site = start_site(data_dir, TRACERA_PROVIDERS="steam", TRACERA_SCHEDULER="false")
    wait_for(lambda: site.get("/api/v1/items?limit=1")[0] == 200, 90, f"no answer; see {site.log}")
    return site


def big() -> bytes:
    day = datetime(2020, 1, 1, tzinfo=UTC)
    lines = (
        f"{day + timedelta(minutes=n):%Y-%m-%dT%H:%M:%SZ},buy,Item {n % 500},1,{n % 90}.50\n" for n in range(LINES)
    )
    return (HEAD + "".join(lines)).encode()


def send(site: Site, key: str, body: bytes) -> tuple[int, Any]:
    """Status and answer of the load; status 0 where the connection breaks."""
    address = urlsplit(site.url)
    with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)) as connection:
        try:
            connection.request("POST", "/api/v1/portfolio/transactions/csv", body, {"Authorization": f"Bearer {key}"})
            reply = connection.getresponse()
            return reply.status, orjson.loads(reply.read())
        except (http.client.HTTPException, OSError):
            return 0, None


def state(site: Site) -> str:
    with psycopg.connect(site.endpoints().database_url) as connection:
        row = connection.execute(STATE).fetchone()
    assert row
    return str(row[0])


def runs(connection: psycopg.Connection, statement: str) -> bool:
    query = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE %s AND pid <> pg_backend_pid()"
    return connection.execute(query, [statement + "%"]).fetchone() is not None


def nobody_writes(site: Site) -> bool:
    """Whether the server has noticed that the process is gone."""
    with psycopg.connect(site.endpoints().database_url) as connection:
        query = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'tracera' AND xact_start IS NOT NULL"
        return connection.execute(query).fetchone() is None


@pytest.fixture
def owned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """A running instance and the key of somebody on it."""
    site = start(tmp_path_factory.mktemp("csv") / "data")
    try:
        database, key = Database(site.endpoints().database_url, size=1), new_key()
        person = add_person(database)
        api_keys.create(database, person.id, name="test", scope="full", prefix=key[:8], key_hash=hash_key(key), most=10)
        database.close()
        yield site, key
    finally:
        stop_site(site)


def test_the_state_before_a_load_is_whole(owned: tuple[Site, str]) -> None:
    site, key = owned
    body = big()
    assert send(site, key, FIRST.encode()) == (201, {"added": 2})
    before = state(site)
    for statement in MOMENTS:
        answers: list[tuple[int, Any]] = []
        load = threading.Thread(target=lambda: answers.append(send(site, key, body)))  # noqa: B023  # joined below
        with psycopg.connect(site.endpoints().database_url, autocommit=True) as watching:
            load.start()
            deadline = time.monotonic() + 60
            while not runs(watching, statement):
                assert not answers, f"loaded before {statement} was seen: {answers}"
                assert time.monotonic() < deadline, f"{statement} never ran"
            kill(site, "process")
        load.join()
        assert [status for status, _ in answers] == [0], f"{statement}: the load was not cut off"
        again = start(site.data_dir)
        site.url, site.process = again.url, again.process
        wait_for(partial(nobody_writes, site), 30, "the cut-off load still writes")
        assert state(site) == before, statement
    begun = time.monotonic()
    assert send(site, key, body) == (201, {"added": LINES})
    print(f"{LINES:,} lines loaded in {time.monotonic() - begun:.1f} s")
    with psycopg.connect(site.endpoints().database_url) as connection:
        assert connection.execute("SELECT count(*) FROM portfolio_transactions").fetchone() == (LINES + 2,)
