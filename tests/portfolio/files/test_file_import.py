"""Large files of a portfolio: imported by a task, with the answer that a small one gets, once in effect however often it runs."""

import secrets
from typing import Any

import orjson
import pytest

from app.portfolio.files import archive, file_import
from app.portfolio.files.file_import import FileImport
from app.tasks.kinds import FILE_IMPORT
from app.tasks.run import AgainError, run_once
from app.tasks.task import Task
from db.core.pool import Database
from db.portfolio import portfolios, transactions
from db.tasks import details, queue
from tests.portfolio.conftest import Caller

CASE = "Fracture Case"
CSV, STEAM = "/portfolio/transactions/csv", "/portfolio/transactions/steam"
HEAD = "date,type,item,quantity,price\n"


def lines(count: int) -> str:
    return HEAD + "".join(f"2024-01-{at % 28 + 1:02},buy,{CASE},{at + 1},1.00\n" for at in range(count))


@pytest.fixture(autouse=True)
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_import, "LARGE", 1000)
    monkeypatch.setattr("app.api.portfolio.files.LARGE", 1000)


def held(database: Database, me: Caller) -> list[dict[str, Any]]:
    return transactions.every(database, me.person.id, portfolios.default(database, me.person.id)["id"])


@pytest.mark.usefixtures("working")
def test_the_answers_are_those_of_small_files(me: Caller, database: Database) -> None:
    text = lines(200).encode()
    assert me.json("POST", CSV, 201, data=text) == {"added": 200, "known": 0}
    assert me.json("POST", CSV, 201, data=text) == {"added": 0, "known": 200}
    bad = me.json("POST", CSV, 400, data=text + b"2024-13-01,buy,x,1,1\n")
    assert bad["error"].startswith("line 202: ")
    assert [line["line"] for line in bad["bad_lines"]] == [202]
    assert "bad_lines" not in me.json("GET", "/tasks")[0]
    assert me.json("POST", STEAM, 400, data=b"<html>" + b" " * 1000)["error"].startswith("no market history")
    document = me.ask("GET", "/portfolio/export").data
    counts = {"portfolios": 1, "transactions": 200, "steam_holdings": 0}
    assert me.json("POST", "/portfolio/restore", data=document) == counts
    assert me.json("POST", "/portfolio/restore", 400, data=b"{}" + b" " * 1000)["error"].endswith("nothing was changed")
    assert len(held(database, me)) == 200
    kinds = {(task["kind"], task["state"]) for task in me.json("GET", "/tasks")}
    assert kinds == {("file_import", "done"), ("file_import", "failed")}
    assert database.rows("SELECT FROM task_files") == [], "what was sent is not kept"


def run(database: Database, task_id: int) -> None:
    letter = details.letter(database, task_id)
    assert letter
    database.execute("UPDATE tasks.procrastinate_jobs SET status = 'doing' WHERE id = %s", [task_id])
    run_once(Task(database, task_id, secrets.token_hex(4), letter["payload"]), FILE_IMPORT, file_import.run, "test")
    database.rows("SELECT tasks.procrastinate_finish_job_v1(%s, 'succeeded', false)", [task_id])


def test_a_file_is_imported_once_though_the_worker_could_not_say_so(me: Caller, database: Database) -> None:
    again = FileImport("csv", again=True)
    task_id = file_import.start(database, me.person.id, again, lines(3).encode())
    run(database, task_id)
    run(database, task_id)
    assert len(held(database, me)) == 3
    file_import.start(database, me.person.id, again, lines(3).encode())
    with pytest.raises(file_import.BusyError):
        file_import.start(database, me.person.id, again, lines(3).encode())


def test_a_run_that_fails_in_the_middle_leaves_nothing(
    me: Caller, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = lines(5).encode()
    me.json("POST", CSV, 201, data=before)
    document = orjson.dumps(archive.export(database, me.person.id))
    wanted = FileImport("restore")
    task_id = file_import.start(database, me.person.id, wanted, document.replace(b'"USD"', b'"EUR"'))

    def broken(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(file_import, "_complete", broken)
        with pytest.raises(AgainError):
            run(database, task_id)
    assert {row["currency"] for row in held(database, me)} == {"USD"}
    assert database.row("SELECT size FROM task_files WHERE given"), "it is there for the next run"
    run(database, task_id)
    assert {row["currency"] for row in held(database, me)} == {"EUR"}


def test_a_dead_letter_keeps_its_file_until_another_comes(me: Caller, database: Database) -> None:
    task_id = file_import.start(database, me.person.id, FileImport("csv"), lines(2).encode())
    database.execute("UPDATE tasks.procrastinate_jobs SET status = 'failed' WHERE id = %s", [task_id])
    assert database.row("SELECT FROM task_files") is not None
    other = file_import.start(database, me.person.id, FileImport("csv"), lines(3).encode())
    assert [row["task_id"] for row in database.rows("SELECT task_id FROM task_files")] == [other]
    assert queue.cancel(database, other)
    assert database.rows("SELECT FROM task_files") == []
    assert queue.retry(database, task_id)
    run(database, task_id)
    task = details.one(database, task_id)
    assert task
    assert task["error"]["reason"] == "gone"


def test_what_a_portfolio_of_another_is_sent_is_refused(me: Caller, database: Database) -> None:
    task_id = file_import.start(database, me.person.id, FileImport("csv", portfolio_id=10**6), lines(2).encode())
    run(database, task_id)
    task = details.one(database, task_id)
    assert task
    assert task["error"]["message"] == "you have no portfolio 1000000"
