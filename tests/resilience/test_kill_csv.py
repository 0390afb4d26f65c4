"""kill -9 in the middle of a long CSV load: the state before it is whole, and the file loads afterwards.

TRACERA_TEST_CSV_LINES=100000 takes as many lines as a file may have.
"""

import http.client
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import psycopg
import pytest

from app.accounts.api_keys import hash_key, new_key
from db.accounts import api_keys
from db.core.pool import Database
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.portfolio.conftest import add_person
from tests.resilience.support import kill

pytestmark = pytest.mark.slow
LINES = int(os.environ.get("TRACERA_TEST_CSV_LINES", "20000"))
HEAD = "date,type,item,quantity,price\n"
FIRST = HEAD + "2024-01-01,buy,Glove Case,5,1.00\n2024-01-02,sell,Glove Case,2,2.00\n"
MOMENTS = (0.0, 0.5)
"""Shares of the time that writing takes at which the process ends; before it nothing is written at all."""
STATE = """
SELECT (SELECT md5(string_agg(t::text, ';' ORDER BY id)) FROM portfolio_transactions t),
       (SELECT md5(string_agg(p::text, ';' ORDER BY id)) FROM portfolios p)
"""
WRITES = """
SELECT 1 FROM pg_stat_activity
WHERE application_name = 'tracera' AND (query LIKE 'COPY arrived%' OR query LIKE 'INSERT INTO portfolio_transactions%')
"""


def start(data_dir: Path) -> Site:
    """An instance that collects nothing, once it answers from its database."""
    site = start_site(data_dir, TRACERA_PROVIDERS="steam", TRACERA_SCHEDULER="false")
    wait_for(lambda: site.get("/api/v1/items?limit=1")[0] == 200, 90, f"no answer; see {site.log}")
    return site


def big(year: int) -> bytes:
    """A file whose lines no file of another year has."""
    day = datetime(year, 1, 1, tzinfo=UTC)
    lines = (
        f"{day + timedelta(minutes=n):%Y-%m-%dT%H:%M:%SZ},buy,Item {n % 500},1,{n % 90}.50\n" for n in range(LINES)
    )
    return (HEAD + "".join(lines)).encode()


def send(site: Site, key: str, body: bytes, path: str = "/portfolio/transactions/csv") -> tuple[int, Any]:
    """Status and answer of a request; status 0 where the connection breaks."""
    address = urlsplit(site.url)
    with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)) as connection:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", "/api/v1" + path, body, headers)
            reply = connection.getresponse()
            return reply.status, orjson.loads(reply.read())
        except (http.client.HTTPException, OSError):
            return 0, None


class Load:
    """A load under way, from the moment on at which it writes."""

    def __init__(self, site: Site, key: str, body: bytes, path: str = "/portfolio/transactions/csv") -> None:
        self.answer: tuple[int, Any] | None = None
        self._arguments = (site, key, body, path)
        self._thread = threading.Thread(target=self._run)
        with psycopg.connect(site.endpoints().database_url, autocommit=True) as connection:
            self._thread.start()
            wait_for(lambda: self.answer or connection.execute(WRITES).fetchone(), 60, "nothing is written")
        self.begun = time.monotonic()

    def end(self) -> tuple[int, Any]:
        self._thread.join()
        assert self.answer
        return self.answer

    def _run(self) -> None:
        self.answer = send(*self._arguments)


def state(site: Site) -> Any:
    with psycopg.connect(site.endpoints().database_url) as connection:
        return connection.execute(STATE).fetchone()


def nobody_writes(site: Site) -> bool:
    """Whether the server has noticed that the process is gone."""
    with psycopg.connect(site.endpoints().database_url) as connection:
        query = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'tracera' AND xact_start IS NOT NULL"
        return connection.execute(query).fetchone() is None


def cut_off(site: Site, key: str, body: bytes, seconds: float) -> bool:
    """Load, kill the process so many seconds after writing began, start another; whether the load was cut off."""
    load = Load(site, key, body)
    time.sleep(seconds)
    kill(site, "process")
    status, _ = load.end()
    again = start(site.data_dir)
    site.url, site.process = again.url, again.process
    wait_for(partial(nobody_writes, site), 30, "the cut-off load still writes")
    return status == 0


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
    body, years = big(2010), count(2011)
    assert send(site, key, FIRST.encode()) == (201, {"added": 2, "known": 0})
    status, other = send(site, key, b'{"name": "Other"}', "/portfolios")
    assert status == 201
    whole = Load(site, key, body, f"/portfolio/transactions/csv?portfolio_id={other['id']}")
    assert whole.end() == (201, {"added": LINES, "known": 0})
    seconds = time.monotonic() - whole.begun
    print(f"writing {LINES:,} lines took {seconds:.1f} s")
    for moment in MOMENTS:
        for attempt in range(6):  # a load that was quicker than the first one is over: again, and sooner
            before, body = state(site), big(next(years))  # lines that are there already would not be written
            if cut_off(site, key, body, moment * seconds / 2**attempt):
                break
        else:
            pytest.fail(f"at {moment:.0%} the load was over already, six times")
        assert state(site) == before, f"cut off at {moment:.0%}"
    assert send(site, key, body) == (201, {"added": LINES, "known": 0})
