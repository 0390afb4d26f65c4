"""What is put in runs once its transaction is committed, once in effect, in order of priority, and ends where it must."""

import threading
import time
from contextlib import suppress

import pytest
import redis

from app.tasks import kinds
from app.tasks.kinds import KINDS, Kind
from app.tasks.task import RefusedError, Task
from db.core.pool import Database
from db.tasks import details, overview, queue
from tests.conftest import wait_for
from tests.patience import within
from tests.tasks.conftest import PLAIN, QUICK, Gate, Work, ends, put, state


def test_a_task_of_a_transaction_that_is_rolled_back_never_runs(database: Database, work: Work) -> None:
    ran: list[int] = []
    work(plain=lambda task: ran.append(task.payload["n"]))
    with suppress(ZeroDivisionError), database.connection() as connection, connection.transaction():
        PLAIN.defer(connection, {"n": 1})
        raise ZeroDivisionError
    with database.connection() as connection, connection.transaction():
        task_id = PLAIN.defer(connection, {"n": 2})
        time.sleep(0.5)
        assert ran == []
    assert ends(database, task_id) == "done"
    assert ran == [2]


def test_a_failing_task_is_tried_again_and_kept_with_its_reason(database: Database, work: Work) -> None:
    runs: list[float] = []

    def fail(task: Task) -> None:
        runs.append(time.monotonic())
        raise ValueError(f"cannot do {task.payload['what']}")

    work(plain=fail)
    task_id = put(database, what="this")
    assert ends(database, task_id) == "failed"
    assert len(runs) == PLAIN.most
    assert runs[2] - runs[1] > runs[1] - runs[0] - 0.3  # longer pauses, but for the poll
    letter = details.letter(database, task_id)
    assert letter
    assert (letter["payload"], letter["failures"], letter["dead"]) == ({"what": "this"}, 3, True)
    assert letter["error"]["message"] == "ValueError: cannot do this"
    assert "raise ValueError" in letter["trace"]
    assert [row["id"] for row in overview.dead_letters(database)] == [task_id]
    time.sleep(0.5)
    assert len(runs) == PLAIN.most

    assert queue.retry(database, task_id)
    wait_for(lambda: len(runs) == 2 * PLAIN.most, 20, "it does not run again")
    assert not queue.retry(database, 10**9)


def test_it_may_fail_and_then_be_done(database: Database, work: Work) -> None:
    runs: list[int] = []

    def second_time(_task: Task) -> None:
        runs.append(1)
        if len(runs) == 1:
            raise OSError("the first time")

    work(plain=second_time)
    task_id = put(database)
    assert ends(database, task_id) == "done"
    row = details.one(database, task_id)
    assert row
    assert (row["failures"], row["error"], row["result"]) == (1, None, {})


def test_a_refusal_is_an_answer_and_no_dead_letter(database: Database, work: Work) -> None:
    def refuse(_task: Task) -> None:
        raise RefusedError("private", "this is private", gone=3)

    work(plain=refuse)
    task_id = put(database)
    assert ends(database, task_id) == "failed"
    row = details.one(database, task_id)
    assert row
    assert row["error"] == {"reason": "private", "message": "this is private", "gone": 3}
    assert (row["dead"], row["failures"], overview.dead_letters(database)) == (False, 0, [])


def test_the_effect_is_there_once_though_the_worker_could_not_say_so(database: Database, work: Work) -> None:
    """As after kill -9 between the effect's transaction and the end of the task."""
    database.execute("CREATE TABLE effects (id bigint)")

    def effect(task: Task) -> None:
        with database.connection() as connection, connection.transaction():
            connection.execute("INSERT INTO effects VALUES (%s)", [task.id])
            task.complete(connection, {"n": 1})

    first = work(plain=effect)
    task_id = put(database)
    assert ends(database, task_id) == "done"
    first.stop()
    database.execute("UPDATE tasks.procrastinate_jobs SET status = 'doing', worker_id = NULL WHERE id = %s", [task_id])
    work(plain=effect)
    assert ends(database, task_id) == "done"
    assert len(database.rows("SELECT 1 AS yes FROM effects")) == 1


def test_a_run_that_was_overtaken_writes_nothing(database: Database) -> None:
    database.execute("CREATE TABLE effects (id bigint)")
    task_id = put(database)
    old, new = (Task(database, task_id, run, {}) for run in ("old", "new"))
    details.begin(database, task_id, "old", "a")
    details.begin(database, task_id, "new", "b")

    def effect() -> None:
        with database.connection() as connection, connection.transaction():
            connection.execute("INSERT INTO effects VALUES (1)")
            old.complete(connection, {})

    with pytest.raises(details.SupersededError):
        effect()
    with pytest.raises(details.SupersededError):
        old.progress(1, 2, "half")
    with database.connection() as connection, connection.transaction():
        new.complete(connection, {})
    assert database.rows("SELECT 1 AS yes FROM effects") == []


def test_what_is_more_urgent_runs_first(database: Database, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    urgent = Kind("urgent", "Urgent", "long", 99, most=1, pause=1)
    monkeypatch.setitem(kinds.KINDS, urgent.name, urgent)
    for number in range(3):
        put(database, name=f"plain {number}")
    put(database, urgent, name="urgent")

    def note(task: Task) -> None:
        order.append(task.payload["name"])

    work(concurrency=1, plain=note, urgent=note)
    wait_for(lambda: len(order) == 4, 20, "they do not run")
    assert order == ["urgent", "plain 0", "plain 1", "plain 2"]


def test_a_long_task_does_not_hold_up_quick_ones(database: Database, work: Work) -> None:
    gate = Gate()
    work(concurrency=1, plain=gate, quick=lambda _task: None)
    put(database)
    assert gate.begun.wait(10)
    assert ends(database, put(database, QUICK), seconds=5) == "done"
    gate.go.set()


def test_a_kind_that_a_worker_does_not_know_waits_for_one_that_does(database: Database, work: Work) -> None:
    """As of a newer version, while one process after the other is replaced."""
    ran: list[str] = []
    work(plain=lambda _task: ran.append("old"))
    new, known = put(database, QUICK), put(database)
    assert ends(database, known) == "done"
    time.sleep(0.5)
    assert (state(database, new), ran) == ("waiting", ["old"])
    work(quick=lambda _task: ran.append("new"))
    assert ends(database, new) == "done"
    assert ran == ["old", "new"]


def test_an_old_worker_does_not_bury_what_a_newer_ones_process_left(
    database: Database, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(kinds.KINDS, QUICK.name)
    task_id = put(database, QUICK)
    database.execute("UPDATE tasks.procrastinate_jobs SET status = 'doing' WHERE id = %s", [task_id])
    work(plain=lambda _task: None)
    wait_for(lambda: state(database, task_id) == "waiting", 10, "it is not handed back")
    row = details.one(database, task_id)
    assert row
    assert (row["failures"], row["error"]["reason"], row["dead"]) == (1, "worker_lost", False)


def test_the_queue_of_each_kind_can_be_listened_to() -> None:
    assert all(len(f"procrastinate_queue_v1#{name}") < 64 for name in KINDS)  # PostgreSQL's longest identifier


def test_two_clocks_put_in_one_task_of_a_slot(database: Database, work: Work) -> None:
    runs: list[int] = []
    put_in: list[int | None] = []
    task = PLAIN.task({}, lock="slots")

    def clock() -> None:
        with database.connection() as connection:
            put_in.append(queue.defer_slot(connection, task, 1_700_000_000))

    clocks = [threading.Thread(target=clock) for _ in range(4)]
    for thread in clocks:
        thread.start()
    for thread in clocks:
        thread.join()
    assert len([one for one in put_in if one is not None]) == 1
    work(plain=lambda _task: runs.append(1))
    ends(database, max(one for one in put_in if one is not None))
    clock()  # one that is late
    with database.connection() as connection:
        following = queue.defer_slot(connection, task, 1_700_000_060)
    assert following
    ends(database, following)
    assert len(runs) == 2


def test_a_waiting_task_is_cancelled_and_a_running_one_stops(database: Database, work: Work) -> None:
    waiting = put(database)
    assert queue.cancel(database, waiting)
    gate = Gate()
    work(plain=gate)
    running = put(database)
    assert gate.begun.wait(10)
    assert queue.cancel(database, running)
    assert ends(database, running) == "cancelled"
    assert state(database, waiting) == "cancelled"
    assert gate.runs == 1
    assert not queue.cancel(database, running)


def test_a_worker_that_ends_hands_back_what_it_had(database: Database, work: Work) -> None:
    gate = Gate()
    first = work(plain=gate)
    task_id = put(database)
    assert gate.begun.wait(10)
    begun = time.monotonic()
    first.stop()
    assert time.monotonic() - begun < within(4)
    row = details.one(database, task_id)
    assert row
    assert (row["state"], row["failures"]) == ("waiting", 0)
    gate.go.set()
    work(plain=gate)
    assert ends(database, task_id) == "done"
    assert gate.runs == 2


def test_the_tasks_of_a_user_go_with_the_user(database: Database, work: Work) -> None:
    row = database.row("INSERT INTO users (name, session_key) VALUES ('Someone', 'key') RETURNING id")
    assert row
    ran, gate = [], Gate()
    work(plain=gate, quick=lambda task: ran.append(task.payload))
    with database.connection() as connection, connection.transaction():
        PLAIN.defer(connection, {"of": "the user"}, user_id=row["id"])
    gate.begun.wait(10)
    with database.connection() as connection, connection.transaction():
        QUICK.defer(connection, {"of": "the user"}, user_id=row["id"])
        connection.execute("DELETE FROM users")
        QUICK.defer(connection, {"of": "nobody"})
    wait_for(lambda: ran, 10, "the other one does not run")
    gate.go.set()
    ended = "SELECT 1 FROM tasks.procrastinate_jobs WHERE status NOT IN ('todo', 'doing') HAVING count(*) = 2"
    wait_for(lambda: database.rows(ended), 10, "the one that ran does not end")
    assert overview.forget_old(database) == 1
    assert ran == [{"of": "nobody"}]
    assert [row["args"] for row in database.rows("SELECT args FROM tasks.procrastinate_jobs")] == [{"of": "nobody"}]


def test_old_tasks_are_forgotten_and_dead_letters_later(database: Database, work: Work) -> None:
    def fail(task: Task) -> None:
        if task.payload:
            raise ValueError

    worker = work(plain=fail)
    done, dead = put(database), put(database, fail=True)
    ends(database, done)
    ends(database, dead)
    worker.stop()
    waiting = put(database, QUICK)
    database.execute("UPDATE tasks.details SET finished_at = finished_at - interval '3 days'")
    assert overview.forget_old(database) == 1
    assert [state(database, one) for one in (done, dead, waiting)] == ["gone", "failed", "waiting"]
    database.execute("UPDATE tasks.details SET finished_at = finished_at - interval '90 days'")
    assert overview.forget_old(database) == 1


def test_a_dead_process_is_found_by_its_score(
    database: Database, work: Work, redis_client: redis.Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    redis_client.zadd("worker:all", {"host:1": time.time() - 60, "host:2": time.time()})
    redis_client.set("worker:host:1", b'{"kind":"worker"}')
    work(plain=lambda _task: None)
    wait_for(lambda: not redis_client.exists("worker:host:1"), 10, "nobody looked")
    wait_for(lambda: "host:1" in capsys.readouterr().out, 5, "it is not named")
