"""Exports as tasks: the file is what the command writes, its owner's alone, bounded, and there as a whole or not at all."""

import io
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts import account_export
from app.accounts.api_keys import hash_key, new_key
from app.providers.base import Batch, Quote, VolumeKind
from app.research.exports import task as export
from app.research.exports.tables import Wanted, write
from app.runtime import Runtime
from app.tasks.kinds import ACCOUNT_EXPORT, EXPORT, Kind
from app.tasks.run import run_once
from app.tasks.task import Handler, StoppedError, Task
from db.accounts import api_keys, watchlist
from db.accounts.export import user_rows
from db.core.pool import Database
from db.tasks import details, files, overview, queue
from jobs.ingest import Ingest, Report

NAMES = ("AK-47 | Redline (Field-Tested)", "AWP | Asiimov (Field-Tested)", "Glove Case")
HOURS = 30


class Person:
    """Somebody with an API key."""

    def __init__(self, client: FlaskClient, database: Database, name: str, scope: str = "full") -> None:
        row = database.row("INSERT INTO users (name, session_key) VALUES (%s, %s) RETURNING id", [name, name])
        assert row
        self.client, self.id, self.key = client, int(row["id"]), new_key()
        api_keys.create(
            database, self.id, name="t", scope=scope, prefix=self.key[:8], key_hash=hash_key(self.key), most=10
        )

    def send(self, method: str, path: str, body: Any = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.key}"}
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=headers)

    def export(self, **body: Any) -> int:
        reply = self.send("POST", "/exports", body)
        assert reply.status_code == 202, reply.text
        assert reply.headers["Location"] == f"/api/v1/tasks/{reply.get_json()['id']}"
        return int(reply.get_json()["id"])


@pytest.fixture
def kept(runtime: Runtime) -> Database:
    """Three items with an hourly quote each."""
    runtime.start()
    now = datetime.now(UTC).replace(microsecond=0)
    quotes = [
        Quote(name, "steam", 1000 + at, now - timedelta(hours=at), volume=9, volume_kind=VolumeKind.INTERVAL)
        for name in NAMES
        for at in range(HOURS)
    ]
    held = runtime.services
    Ingest(held.database, held.redis, heartbeat=timedelta(0)).store("steam", Batch(quotes), Report("steam", now))
    return held.database


@pytest.fixture
def ada(client: FlaskClient, kept: Database) -> Person:
    return Person(client, kept, "ada")


@pytest.fixture
def bob(client: FlaskClient, kept: Database) -> Person:
    return Person(client, kept, "bob")


def work(database: Database, task_id: int, kind: Kind = EXPORT, handler: Handler = export.run) -> None:
    """Run a task here, as a worker does."""
    letter = details.letter(database, task_id)
    assert letter
    database.execute("UPDATE tasks.procrastinate_jobs SET status = 'doing' WHERE id = %s", [task_id])
    run_once(Task(database, task_id, secrets.token_hex(4), letter["payload"]), kind, handler, "test")
    database.rows("SELECT tasks.procrastinate_finish_job_v1(%s, 'succeeded', false)", [task_id])


@pytest.mark.parametrize("form", ["csv", "parquet", "npz"])
def test_the_file_is_the_commands(ada: Person, kept: Database, form: str) -> None:
    task_id = ada.export(format=form)
    assert ada.send("GET", f"/tasks/{task_id}/file").status_code == 404, "not there yet"
    work(kept, task_id)
    task = ada.send("GET", f"/tasks/{task_id}").get_json()
    assert (task["state"], task["title"], task["message"]) == ("done", "Export", f"{len(NAMES) * HOURS} rows")
    reply = ada.send("GET", f"/tasks/{task_id}/file")
    wanted = io.BytesIO()
    write(wanted, kept, Wanted("history", "all", "1d", None, None), form, lambda found, _: found)
    assert reply.status_code == 200
    assert len(reply.data) == task["result"]["size"]
    if form != "npz":  # an archive holds the time at which it was made
        assert reply.data == wanted.getvalue()
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{task["result"]["file"]}"'
    assert task["result"]["file"].endswith(f".{form}")
    assert reply.headers["Cache-Control"] == "private, no-store"


def test_some_items_or_those_of_the_watchlist(ada: Person, kept: Database) -> None:
    rows = kept.rows("SELECT id FROM items WHERE market_hash_name = ANY(%s) ORDER BY id", [list(NAMES[:2])])
    one, two = (row["id"] for row in rows)
    assert ada.send("POST", "/exports", {"items": []}).status_code == 400
    first = ada.export(items=[one, one], table="bars", interval="1h", window="7d")
    work(kept, first)
    bars = pq.read_table(io.BytesIO(ada.send("GET", f"/tasks/{first}/file").data))
    assert len(set(bars["market_hash_name"].to_pylist())) == 1
    empty = ada.export(items="watchlist")
    work(kept, empty)
    assert ada.send("GET", f"/tasks/{empty}").get_json()["error"] == "Your watchlist is empty, so there is no file."
    watchlist.add(kept, ada.id, two, 10)
    second = ada.export(items="watchlist")
    work(kept, second)
    found = pq.read_table(io.BytesIO(ada.send("GET", f"/tasks/{second}/file").data))
    assert found.num_rows == HOURS
    silent = ada.export(items=[one], source="nobody")
    work(kept, silent)
    assert ada.send("GET", f"/tasks/{silent}").get_json()["reason"] == "unknown_source"


def test_a_file_is_its_users_alone(ada: Person, bob: Person, kept: Database, client: FlaskClient) -> None:
    task_id = ada.export()
    work(kept, task_id)
    assert bob.send("GET", f"/tasks/{task_id}/file").status_code == 404
    kept.execute("INSERT INTO user_identities (provider, subject, user_id) VALUES ('local', 'owner', %s)", [bob.id])
    assert bob.send("GET", f"/tasks/{task_id}").status_code == 200, "who owns the instance sees the task"
    assert bob.send("GET", f"/tasks/{task_id}/file").status_code == 404, "and not what is in it"
    assert client.get(f"/api/v1/tasks/{task_id}/file").status_code == 401
    reader = Person(client, kept, "reader", scope="read")
    assert reader.send("POST", "/exports", {}).status_code == 403
    assert "task_files" not in orjson.dumps(user_rows(kept, ada.id)).decode()


def test_one_at_a_time_and_the_newest_are_kept(ada: Person, bob: Person, kept: Database) -> None:
    first = ada.export(table="history")
    assert ada.send("POST", "/exports", {}).status_code == 409
    other = bob.export()
    work(kept, other)
    work(kept, first)
    later = []
    for _ in range(export.KEPT):
        later.append(ada.export())
        work(kept, later[-1])
    assert ada.send("GET", f"/tasks/{first}/file").status_code == 404
    assert [ada.send("GET", f"/tasks/{task_id}/file").status_code for task_id in later] == [200] * export.KEPT
    assert bob.send("GET", f"/tasks/{other}/file").status_code == 200
    kept.execute("UPDATE tasks.details SET finished_at = now() - interval '3 days'")
    overview.forget_old(kept)
    assert kept.rows("SELECT FROM task_files") == kept.rows("SELECT FROM task_file_parts") == []


def test_a_run_that_is_overtaken_or_cancelled_keeps_nothing(ada: Person, kept: Database) -> None:
    task_id = ada.export()
    old, new = (Task(kept, task_id, run, {"request": {}}) for run in ("old", "new"))
    details.begin(kept, task_id, "old", "a")
    details.begin(kept, task_id, "new", "b")
    with pytest.raises(details.SupersededError):
        export.run(old)
    new.stopped.set()
    with pytest.raises(StoppedError):
        export.run(new)
    assert kept.rows("SELECT FROM task_file_parts") == []
    assert queue.cancel(kept, task_id)


def test_a_file_that_grows_too_large_is_refused(ada: Person, kept: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MAX_BYTES", 1000)
    task_id = ada.export(format="csv")
    work(kept, task_id)
    task = ada.send("GET", f"/tasks/{task_id}").get_json()
    assert (task["state"], task["reason"]) == ("failed", "too_large")
    assert kept.rows("SELECT FROM task_files") == []


def test_a_file_of_several_parts_is_whole(kept: Database, ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PART", 1000)
    content = secrets.token_bytes(4321)
    task_id = ada.export()
    with kept.connection() as connection, connection.transaction():
        files.keep(connection, task_id, io.BytesIO(content), name="a", media_type="text/plain", given=False)
    assert len(kept.rows("SELECT FROM task_file_parts")) == 5
    assert ada.send("GET", f"/tasks/{task_id}/file").data == content


def test_everything_kept_about_a_user_is_for_a_session_alone(ada: Person, kept: Database) -> None:
    task_id = account_export.start(kept, ada.id, [])
    assert account_export.start(kept, ada.id, []) == task_id, "the one under way"
    work(kept, task_id, ACCOUNT_EXPORT, account_export.run)
    held = orjson.loads(b"".join(files.parts(kept, task_id)))
    assert held["users"][0]["name"] == "ada"
    assert ada.send("GET", f"/tasks/{task_id}/file").status_code == 403
    letter = details.letter(kept, task_id)
    assert letter
    assert "private" not in letter["payload"]
