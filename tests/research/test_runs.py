"""Backtests that are kept: put in over the API, run as a task, shared by link; each user sees the own alone."""

import secrets
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts.api_keys import hash_key
from app.research import runs as research
from app.research.backtest.grid import combinations, grid
from app.research.backtest.panel import panel
from app.research.backtest.terms import Terms
from app.research.sources.database import DatabaseSource
from app.runtime import Runtime
from app.tasks.kinds import BACKTEST
from app.tasks.run import run_once
from app.tasks.task import StoppedError, Task
from db.accounts import api_keys
from db.accounts.export import user_rows
from db.core.pool import Database

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
NAMES = ("AK-47 | Redline (Field-Tested)", "AWP | Asiimov (Field-Tested)")
DAYS = 200
FEES = {"skinport": 1_200}
RUNS = "/api/v1/research/runs"
CROSS = {
    "strategy": "moving_average_cross",
    "items": [1, 2],
    "parameters": {"fast": [3, 5], "slow": [20, 40, 4]},
    "walk": {"train": 60, "test": 30},
}


class User:
    """Somebody with an API key."""

    def __init__(self, client: FlaskClient, database: Database, name: str, scope: str = "full") -> None:
        row = database.row("INSERT INTO users (name, session_key) VALUES (%s, %s) RETURNING id", [name, name])
        assert row
        self.client, self.id = client, int(row["id"])
        key = f"trc_{secrets.token_urlsafe(32)}"
        api_keys.create(database, self.id, name="test", scope=scope, prefix=key[:8], key_hash=hash_key(key), most=10)
        self.headers = {"Authorization": f"Bearer {key}"}

    def send(self, method: str, path: str = "", body: dict[str, Any] | None = None) -> TestResponse:
        return self.client.open(RUNS + path, method=method, json=body, headers=self.headers)


@pytest.fixture
def kept(database: Database) -> Database:
    """Two items with a price a day."""
    random = np.random.default_rng(4)
    for number, name in enumerate(NAMES, start=1):
        database.execute(
            "INSERT INTO items (id, market, market_hash_name, match_key, slug, reference_source) VALUES (%s, 'steam:730', %s, %s, %s, 'steam')",
            [number, name, name, f"item-{number}"],
        )
        closes = np.rint(2_000 * np.exp(np.cumsum(random.normal(0, 0.04, DAYS)))).astype(int).tolist()
        for ago, close in enumerate(closes):
            day = TODAY - timedelta(days=DAYS - ago)
            database.execute(
                "INSERT INTO price_24h (item_id, source, bucket, open, high, low, close, average, stddev, volume, volume_rolling,"
                " samples, open_time, close_time) VALUES (%s, 'steam', %s, %s, %s, %s, %s, %s, 0, 500, false, 1, %s, %s)",
                [number, day, close, close, close, close, float(close), day, day],
            )
    return database


@pytest.fixture
def ada(client: FlaskClient, kept: Database) -> User:
    return User(client, kept, "ada")


@pytest.fixture
def bob(client: FlaskClient, kept: Database) -> User:
    return User(client, kept, "bob")


def work(database: Database, run: dict[str, Any]) -> None:
    """Run a backtest's task here, as a worker does."""
    task_id = run["task_id"]
    database.execute("UPDATE tasks.procrastinate_jobs SET status = 'doing' WHERE id = %s", [task_id])
    task = Task(database, task_id, secrets.token_hex(4), {"run_id": run["id"]})
    run_once(task, BACKTEST, partial(research.run, FEES), "test")
    database.rows("SELECT tasks.procrastinate_finish_job_v1(%s, 'succeeded', false)", [task_id])


def started(who: User, **more: Any) -> dict[str, Any]:
    reply = who.send("POST", body=CROSS | more)
    assert reply.status_code == 202, reply.get_json()
    found: dict[str, Any] = reply.get_json()
    assert reply.headers["Location"] == f"{RUNS}/{found['id']}"
    return found


def test_what_comes_out_is_what_the_grid_says(ada: User, kept: Database) -> None:
    run = started(ada, name="Crosses")
    assert (run["name"], run["state"]) == ("Crosses", "waiting")
    assert ada.send("GET", f"/{run['id']}").get_json()["result"] is None
    work(kept, run)
    found = ada.send("GET", f"/{run['id']}").get_json()
    assert (found["state"], found["error"]) == ("done", None)
    result = found["result"]
    bars = DatabaseSource(kept).bars(NAMES, None, "1d", None, None)
    strategies = combinations("moving_average_cross", CROSS["parameters"])  # type: ignore[arg-type]
    wanted = grid(panel(bars, "1d"), strategies, Terms(FEES))
    assert result["tries"]["tries"] == wanted.tries == 5, "5 and 4 are no cross"
    assert result["tries"]["best"] == wanted.best
    assert result["tries"]["luck"] == pytest.approx(wanted.luck)
    assert [row["sharpe"] for row in result["tries"]["table"]] == pytest.approx(wanted.table["sharpe"].tolist())
    assert result["summary"]["sharpe"] == pytest.approx(wanted.table["sharpe"].max())
    assert len(result["curve"]["equity"]) == len(result["curve"]["time"]) == DAYS
    assert len(result["trade_returns"]) == result["summary"]["trades"]
    assert result["rules"]["fills"] == "at the open of the item's next bar"
    assert [fold["tries"] for fold in result["walk"]["folds"]] == [5] * 5
    assert [row["id"] for row in ada.send("GET").get_json()] == [run["id"]]


def test_nobody_else_sees_it(ada: User, bob: User, kept: Database, client: FlaskClient) -> None:
    run = started(ada)
    work(kept, run)
    assert bob.send("GET").get_json() == []
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/share"), ("DELETE", "/share")):
        assert bob.send(method, f"/{run['id']}{path}").status_code == 404
        assert client.open(f"{RUNS}/{run['id']}{path}", method=method).status_code in {400, 401}
    assert ada.send("GET", f"/{run['id']}").status_code == 200


def test_a_key_that_may_only_read_starts_nothing(client: FlaskClient, kept: Database) -> None:
    reader = User(client, kept, "eve", "read")
    assert reader.send("GET").status_code == 200
    assert reader.send("POST", body=CROSS).status_code == 403


def test_a_link_shows_the_result_until_it_is_ended(ada: User, kept: Database, client: FlaskClient) -> None:
    run = started(ada)
    share = f"/{run['id']}/share"
    assert ada.send("POST", share).status_code == 404, "nothing to share yet"
    work(kept, run)
    first, second = (ada.send("POST", share).get_json()["token"] for _ in range(2))
    assert client.get(f"/api/v1/research/shared/{first}").status_code == 404, "a new link replaces the one before"
    reply = client.get(f"/api/v1/research/shared/{second}")
    assert set(reply.get_json()) == {"name", "request", "created_at", "finished_at", "result"}
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert second not in str(kept.rows("SELECT * FROM research_runs"))
    assert ada.send("GET", f"/{run['id']}").get_json()["shared"]
    assert ada.send("DELETE", share).status_code == 200
    assert client.get(f"/api/v1/research/shared/{second}").status_code == 404


def test_one_at_a_time_and_so_many_are_kept(
    ada: User, bob: User, kept: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(ada)
    reply = ada.send("POST", body=CROSS)
    assert (reply.status_code, "under way" in reply.get_json()["error"]) == (409, True)
    started(bob)
    work(kept, run)
    monkeypatch.setattr(research, "MAX_RUNS", 1)
    reply = ada.send("POST", body=CROSS)
    assert (reply.status_code, "delete one first" in reply.get_json()["error"]) == (409, True)
    assert ada.send("DELETE", f"/{run['id']}").status_code == 200
    started(ada)


def test_deleting_one_that_waits_stops_it(ada: User, kept: Database) -> None:
    run = started(ada)
    assert ada.send("DELETE", f"/{run['id']}").status_code == 200
    row = kept.row("SELECT status FROM tasks.procrastinate_jobs WHERE id = %s", [run["task_id"]])
    assert row
    assert row["status"] == "cancelled"
    started(ada)


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"items": [1, 99]}, "not there any more"),
        ({"source": "ebay"}, "no bars"),
        ({"walk": {"train": 9_000, "test": 30}}, "bars"),
    ],
)
def test_what_the_bars_do_not_allow_says_why(ada: User, kept: Database, more: dict[str, Any], word: str) -> None:
    run = started(ada, **more)
    work(kept, run)
    found = ada.send("GET", f"/{run['id']}").get_json()
    assert (found["state"], found["result"]) == ("failed", None)
    assert word in found["error"]


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"strategy": "astrology"}, "strategy"),
        ({"items": []}, "items"),
        ({"parameters": {"speed": [1]}}, "speed"),
        ({"parameters": {"fast": [9], "slow": [3]}, "walk": None}, "fast"),
        ({"parameters": {"fast": list(range(1, 31)), "slow": list(range(40, 60))}}, "400"),
        ({"parameters": {"fast": [3]}}, "walk"),
        ({"start": "2026-03-01", "end": "2026-02-01"}, "start"),
        ({"capital": 0}, "capital"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_told_at_once(ada: User, more: dict[str, Any], word: str) -> None:
    reply = ada.send("POST", body=CROSS | more)
    assert reply.status_code == 400, reply.get_json()
    assert word in reply.get_json()["error"]


def test_a_run_that_is_cancelled_stops_and_leaves_nothing(ada: User, kept: Database) -> None:
    run = started(ada)
    task = Task(kept, run["task_id"], "run", {"run_id": run["id"]})
    task.stopped.set()
    with pytest.raises(StoppedError):
        run_once(task, BACKTEST, partial(research.run, FEES), "test")
    assert ada.send("GET", f"/{run['id']}").get_json()["result"] is None


def test_it_goes_with_its_user_and_into_the_export(ada: User, kept: Database, runtime: Runtime) -> None:
    run = started(ada)
    work(kept, run)
    rows = user_rows(runtime.services.database, ada.id)["research_runs"]
    assert [row["id"] for row in rows] == [run["id"]]
    assert "share_hash" not in rows[0]
    kept.execute("DELETE FROM users WHERE id = %s", [ada.id])
    assert kept.rows("SELECT FROM research_runs") == []
