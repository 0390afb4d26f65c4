"""An instance that was made before its tasks were, brought up to date: every row is there, and it answers with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from flask.testing import FlaskClient
from psycopg import sql

from app.runtime import Runtime
from app.settings import Settings
from app.web.factory import create_server
from db.core import migrate
from db.core.pool import Database
from db.embedded.servers import Endpoints
from db.operations import integrity
from db.timescale import overlay

pytestmark = pytest.mark.plain
OLD = "0016_packed_months"
ROWS = Path(__file__).with_name("rows_before_tasks.sql")
COLUMNS = (
    "SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
    " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    " AND c.relname NOT LIKE '%yoyo%' AND a.attnum > 0 AND NOT a.attisdropped GROUP BY 1"
)
Tables = dict[str, list[str]]


@pytest.fixture(scope="module")
def old_url(endpoints: Endpoints) -> Iterator[str]:
    """The address of a database as it was then, with rows in every table."""
    name = f"old_{uuid4().hex[:12]}"
    url = endpoints.database_url.replace("/tracera?", f"/{name}?")
    with psycopg.connect(endpoints.database_url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        migrate.apply(url, migrate.FOLDER, until=OLD)
        with psycopg.connect(url) as connection:
            connection.execute(ROWS.read_bytes())
        yield url
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def columns(url: str) -> Tables:
    with psycopg.connect(url) as connection:
        return dict(connection.execute(COLUMNS).fetchall())


def rows(url: str, tables: Tables) -> dict[str, list[str]]:
    """Each table's rows in the columns that are named, as text."""
    found = {}
    with psycopg.connect(url) as connection:
        for table, names in tables.items():
            query = sql.SQL("SELECT row_to_json(r)::text FROM (SELECT {} FROM {}) r ORDER BY 1").format(
                sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(table)
            )
            found[table] = [row for (row,) in connection.execute(query)]
    return found


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The same database as it is now: columns that are gone from tables that it had, and these tables' rows before and after."""

    url: str
    lost: dict[str, list[str]]
    before: dict[str, list[str]]
    after: dict[str, list[str]]


@pytest.fixture(scope="module")
def upgraded(old_url: str) -> Upgraded:
    tables = columns(old_url)
    before = rows(old_url, tables)
    applied = overlay.upgrade(old_url)
    assert applied
    assert min(applied) > OLD
    now = columns(old_url)
    gone = {table: sorted(set(names).difference(now.get(table, []))) for table, names in tables.items()}
    lost = {table: names for table, names in gone.items() if names}
    return Upgraded(old_url, lost, before, {} if lost else rows(old_url, tables))


def test_every_row_is_there(upgraded: Upgraded) -> None:
    assert [table for table, found in upgraded.before.items() if not found] == []
    assert upgraded.lost == {}
    assert upgraded.after == upgraded.before
    database = Database(upgraded.url, size=3)
    report = integrity.check(database)
    missing = migrate.missing(database)
    database.close()
    assert (report.differences, report.unrepaired, missing) == (0, 0, []), report.tally.named()


@pytest.fixture
def client(upgraded: Upgraded, endpoints: Endpoints) -> Iterator[FlaskClient]:
    runtime = Runtime(Settings(_env_file=None, database_url=upgraded.url, redis_url=endpoints.redis_url))
    yield create_server(runtime).test_client()
    runtime.stop()


def test_it_answers_with_them(client: FlaskClient) -> None:
    key = {"Authorization": "Bearer trc_KeptSinceThenKeptSinceThenKeptSinceThenKept"}
    for page in ("/", "/items", "/item/1", "/crypto", "/portfolio", "/watchlist", "/rankings", "/status"):
        assert client.get(page).status_code == 200, page

    def read(path: str) -> str:
        answer = client.get(f"/api/v1/{path}", headers=key)
        assert answer.status_code == 200, (path, answer.text)
        return answer.text

    for path, words in (
        ("items?search=redline", "AK-47 | Redline"),
        ("items/1/history?window=all", "2026-02-03"),
        ("items/2/history?window=all&source=steam", "2025-11-02"),
        ("symbols/BTCUSDT/price", "9500000000000"),
        ("candles?symbol=BTCUSDT&interval=1d", "1770595200000"),
        ("auth/me", "ada@example.org"),
        ("auth/activity", "sign_in"),
        ("portfolios", "Second"),
        ("portfolio/transactions", "a-1"),
        ("portfolio/snapshots", "3380"),
        ("watchlists", "Watchlist"),
        ("marketwatch", "BTCUSDT"),
        ("shared/a-token-of-an-old-link", "Main"),
    ):
        text = read(path)
        assert words in text, (path, text)
