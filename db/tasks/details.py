"""Task details: how far each task came and how it ended; only the run that began last may write."""

from collections.abc import Mapping
from typing import Any, LiteralString

import psycopg
from psycopg.types.json import Jsonb

from db.core.pool import Database, Row

STATE: LiteralString = """CASE
    WHEN d.result IS NOT NULL THEN 'done'
    WHEN j.status IN ('cancelled', 'aborted') OR j.abort_requested THEN 'cancelled'
    WHEN d.finished_at IS NOT NULL OR j.status = 'failed' THEN 'failed'
    WHEN j.status = 'succeeded' THEN 'done'
    WHEN j.status = 'doing' THEN 'running'
    ELSE 'waiting' END"""
"""A task's state, from its details `d` and its row `j` in the queue."""
_COLUMNS: LiteralString = (
    f"d.job_id AS id, j.task_name AS kind, {STATE} AS state, d.done, d.total, d.message, d.result, d.error, d.user_id, d.created_at,"
    " d.started_at, d.finished_at, d.failures, CASE WHEN j.status = 'todo' THEN j.scheduled_at END AS next_run,"
    " j.status = 'failed' AS dead"
)
_FROM: LiteralString = "FROM tasks.details d JOIN tasks.procrastinate_jobs j ON j.id = d.job_id"


class SupersededError(RuntimeError):
    """Another run of the same task began, or the task is gone: what this one did is rolled back."""


def begin(database: Database, task_id: int, run: str, worker: str) -> Row | None:
    """A run begins and takes the task over from any other; None where the task is gone, as with its user."""
    return database.row(
        "UPDATE tasks.details SET run = %s, worker = %s, started_at = coalesce(started_at, now()) WHERE job_id = %s"
        " RETURNING user_id, failures, result IS NOT NULL OR finished_at IS NOT NULL AS ended,"
        " extract(epoch FROM now() - created_at)::double precision AS age",
        [run, worker, task_id],
    )


def progress(database: Database, task_id: int, run: str, done: int, total: int | None, message: str) -> None:
    """Note how far a run came.

    Raises:
        SupersededError: it is no longer this run's task.
    """
    query = "UPDATE tasks.details SET done = %s, total = %s, message = %s WHERE job_id = %s AND run = %s"
    if not database.execute(query, [done, total, message, task_id, run]):
        raise SupersededError(f"task {task_id} was taken over")


def complete(connection: psycopg.Connection, task_id: int, run: str, result: Mapping[str, Any], message: str) -> None:
    """A task is done, in the transaction of what it did; so that is done once, however often the task runs.

    Raises:
        SupersededError: it is no longer this run's task.
    """
    done = connection.execute(
        "UPDATE tasks.details SET result = %s, message = %s, error = NULL, finished_at = now(), total = coalesce(total, done)"
        " WHERE job_id = %s AND run = %s AND result IS NULL",
        [Jsonb(dict(result)), message, task_id, run],
    )
    if done.rowcount == 0:
        raise SupersededError(f"task {task_id} was taken over")


def refuse(database: Database, task_id: int, run: str, error: Mapping[str, Any]) -> None:
    """A task ended with an answer that is a no: running it again would not help.

    Raises:
        SupersededError: it is no longer this run's task.
    """
    query = "UPDATE tasks.details SET error = %s, message = %s, finished_at = now() WHERE job_id = %s AND run = %s"
    if not database.execute(query, [Jsonb(dict(error)), error["message"], task_id, run]):
        raise SupersededError(f"task {task_id} was taken over")


def failed(
    connection: psycopg.Connection, task_id: int, *, run: str | None, error: Mapping[str, Any], trace: str, most: int
) -> int:
    """A run failed; returns how many have. From `most` on the task is over, and kept as a dead letter.

    `run` None: whichever it was, its process is gone.

    Raises:
        SupersededError: it is no longer this run's task.
    """
    row = connection.execute(
        "UPDATE tasks.details SET failures = failures + 1, run = NULL, error = %(error)s, trace = %(trace)s, message = %(message)s,"
        " finished_at = CASE WHEN failures + 1 >= %(most)s THEN now() END"
        " WHERE job_id = %(id)s AND (%(run)s::text IS NULL OR run = %(run)s) AND result IS NULL RETURNING failures",
        {
            "error": Jsonb(dict(error)),
            "trace": trace,
            "message": error["message"],
            "id": task_id,
            "run": run,
            "most": most,
        },
    ).fetchone()
    if row is None:
        raise SupersededError(f"task {task_id} was taken over")
    return int(row[0])


def one(database: Database, task_id: int) -> Row | None:
    """A task as its user sees it."""
    return database.row(f"SELECT {_COLUMNS} {_FROM} WHERE d.job_id = %s", [task_id])


def letter(database: Database, task_id: int) -> Row | None:
    """A task with what only who runs the instance sees: payload, trace and worker."""
    return database.row(
        f"SELECT {_COLUMNS}, j.args AS payload, d.trace, d.worker {_FROM} WHERE d.job_id = %s", [task_id]
    )


def of_user(database: Database, user_id: int, limit: int = 20) -> list[Row]:
    """A user's newest tasks."""
    return database.rows(
        f"SELECT {_COLUMNS} {_FROM} WHERE d.user_id = %s ORDER BY d.job_id DESC LIMIT %s", [user_id, limit]
    )


def newest_of_kind(database: Database, user_id: int, kind: str) -> Row | None:
    """A user's newest task of one kind."""
    return database.row(
        f"SELECT {_COLUMNS} {_FROM} WHERE d.user_id = %s AND j.task_name = %s ORDER BY d.job_id DESC LIMIT 1",
        [user_id, kind],
    )


def ended(database: Database, task_ids: list[int]) -> list[int]:
    """Those of some tasks that ended, or are gone."""
    rows = database.rows(
        f"SELECT id FROM unnest(%s::bigint[]) AS asked (id) WHERE NOT EXISTS (SELECT {_FROM}"
        f" WHERE d.job_id = asked.id AND {STATE} IN ('waiting', 'running'))",
        [task_ids],
    )
    return [row["id"] for row in rows]
