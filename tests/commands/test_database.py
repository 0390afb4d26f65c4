"""`tracera db status`, `move` and `transfer` as a person runs them, where the history is in tables and where TimescaleDB keeps it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from db.core import migrate
from db.core.pool import Database
from db.embedded.servers import Endpoints
from tests.commands.support import fails, run
from tests.db.quotes.reference import Tick
from tests.db.quotes.test_months import BORDER, put, quoted
from tests.db.quotes.test_rollup_reference import ITEMS

pytestmark = pytest.mark.slow
OLD = [quoted(7 * at, 100 + at % 37) for at in range(300)]
NEW = [Tick(2, datetime.now(UTC), 205, 2, rolling=False)]


@pytest.fixture
def settings(endpoints: Endpoints) -> Iterator[dict[str, str]]:
    """Of an instance with a history of packed months and rows, in the plain schema."""
    name = f"told_{uuid4().hex[:12]}"
    with psycopg.connect(endpoints.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        connection.execute(f"CREATE DATABASE {name}_other")
    url = endpoints.database_url.replace("/tracera?", f"/{name}?")
    migrate.upgrade(url)
    held = Database(url, size=2)
    held.execute(ITEMS)
    put(held, "steam", OLD, BORDER)
    put(held, "steam", NEW, BORDER)
    held.close()
    yield {"TRACERA_DATABASE_URL": url, "TRACERA_REDIS_URL": endpoints.redis_url.replace("db=0", "db=8")}
    with psycopg.connect(endpoints.database_url, autocommit=True) as connection:
        for one in (name, f"{name}_other"):
            connection.execute(f"DROP DATABASE {one} WITH (FORCE)")


def other(settings: dict[str, str]) -> str:
    """The address of the empty database beside it."""
    return settings["TRACERA_DATABASE_URL"].replace("?", "_other?")


def test_status_says_what_is_kept_how_and_since_when(tmp_path: Path, settings: dict[str, str]) -> None:
    done = run(tmp_path, "db", "status", TRACERA_RETENTION_DAYS="400", **settings)
    assert done.returncode == 0, done.stderr
    assert re.search(r"backend: PostgreSQL [\d.]+, the history in tables; [\d,]+ bytes in all", done.stdout)
    assert "compression of" not in done.stdout
    assert "retention: quotes 400 days, simulated ones 3 days; roll-ups for good" in done.stdout
    assert f"oldest: {min(one.time for one in OLD):%Y-%m-%d}" in done.stdout
    assert re.search(r"newest: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, [\d,]+ seconds ago", done.stdout)
    assert f"{migrate.names()[-1]}; missing: none" in done.stdout
    for table in ("price_history", "candles_1m", "items"):
        assert re.search(rf"{table}\W+([\d,]+|unknown)\W+[\d,]+", done.stdout), table


@pytest.mark.plain
def test_move_says_that_there_is_nowhere_to_move_to(tmp_path: Path, settings: dict[str, str]) -> None:
    fails(run(tmp_path, "db", "move", **settings), "no TimescaleDB of 2.18 or later")
    assert "the history in tables" in run(tmp_path, "db", "status", **settings).stdout


@pytest.mark.timescale
def test_move_brings_every_row_and_status_says_where(tmp_path: Path, settings: dict[str, str]) -> None:
    done = run(tmp_path, "db", "move", **settings)
    assert done.returncode == 0, done.stderr
    said = re.search(r"the history is kept by TimescaleDB; ([\d,]+) rows moved", done.stdout)
    assert said
    assert int(said[1].replace(",", "")) > len(OLD)
    again = run(tmp_path, "db", "move", **settings)
    assert "; 0 rows moved" in again.stdout, again.stderr
    told = run(tmp_path, "db", "status", **settings).stdout
    assert "the history in TimescaleDB" in told
    assert re.search(r"compression of price_archive: 1 of 1 chunks, [\d,]+ bytes there became [\d,]+", told)
    assert run(tmp_path, "db", "verify", **settings).returncode == 0


def test_transfer_brings_everything_to_an_empty_database_alone(tmp_path: Path, settings: dict[str, str]) -> None:
    there = {**settings, "TRACERA_DATABASE_URL": other(settings)}
    done = run(tmp_path, "db", "transfer", other(settings), **settings)
    assert done.returncode == 0, done.stderr
    assert re.search(r"price_quotes: 1 rows\n(.*\n)*[\d,]+ rows copied; TRACERA_DATABASE_URL", done.stdout)
    assert "the history in tables" in run(tmp_path, "db", "status", **there).stdout
    assert run(tmp_path, "db", "verify", **there).returncode == 0
    fails(run(tmp_path, "db", "transfer", other(settings), **settings), "has to be empty")
