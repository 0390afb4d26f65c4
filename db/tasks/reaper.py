"""Reaper: hands the tasks of dead workers back to the queue, or keeps them as dead letters after too many runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg.rows import dict_row

from db.core.pool import Database, Row
from db.tasks import details

LOCK = 730_730_732
"""The key of the advisory lock that one reaper at a time works under."""
_STALLED = (
    "SELECT j.id, j.task_name AS kind, j.abort_requested, d.worker, d.failures, d.result, d.finished_at"
    " FROM tasks.procrastinate_jobs j LEFT JOIN tasks.details d ON d.job_id = j.id"
    " LEFT JOIN tasks.procrastinate_workers w ON w.id = j.worker_id WHERE j.status = 'doing'"
    " AND (w.id IS NULL OR w.last_heartbeat < now() - %(silent)s * interval '1 second'"
    "   OR (d.worker = ANY(%(orphans)s) AND w.last_heartbeat < now() - %(silent)s / 2 * interval '1 second'))"
    " ORDER BY j.id FOR UPDATE OF j SKIP LOCKED"
)


@dataclass(frozen=True, slots=True)
class Reaped:
    """A task whose worker is gone, and what became of it."""

    task_id: int
    kind: str
    worker: str | None
    dead: bool


def reap(
    database: Database,
    *,
    silent: float,
    orphans: Sequence[str] = (),
    most: Callable[[str], int],
    pause: Callable[[str, int], float],
) -> list[Reaped]:
    """Hand back what workers had that are silent for so many seconds.

    Args:
        database: where.
        silent: seconds without a heartbeat after which a worker counts as dead.
        orphans: processes that are missing elsewhere too: half of these seconds are enough for them.
        most: how many runs of a kind may fail.
        pause: seconds before the next run, by kind and number of failures.
    """
    with (
        database.connection() as connection,
        connection.transaction(),
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        got = cursor.execute("SELECT pg_try_advisory_xact_lock(%s) AS got", [LOCK]).fetchone()
        if not got or not got["got"]:
            return []
        cursor.execute(
            "DELETE FROM tasks.procrastinate_workers WHERE last_heartbeat < now() - interval '1 hour'"
            " AND NOT EXISTS (SELECT FROM tasks.procrastinate_jobs j WHERE j.worker_id = procrastinate_workers.id AND j.status = 'doing')"
        )
        return [
            _hand_back(connection, row, most, pause)
            for row in cursor.execute(_STALLED, {"silent": silent, "orphans": list(orphans)}).fetchall()
        ]


def _hand_back(
    connection: psycopg.Connection, row: Row, most: Callable[[str], int], pause: Callable[[str, int], float]
) -> Reaped:
    """End a task that was done, count a failure of any other and let it run again while it may."""
    kind, worker, allowed = row["kind"], row["worker"], most(row["kind"])
    if row["failures"] is None or row["abort_requested"]:  # its user is gone, or wanted it to stop
        _finish(connection, row["id"], "aborted")
        return Reaped(row["id"], kind, worker, dead=False)
    if row["finished_at"] is not None:
        dead = row["result"] is None and row["failures"] >= allowed
        _finish(connection, row["id"], "failed" if dead else "succeeded")
        return Reaped(row["id"], kind, worker, dead=dead)
    words = f"the process that ran it ended without a word ({worker or 'before it began'})"
    error = {"reason": "worker_lost", "message": words}
    failures = details.failed(connection, row["id"], run=None, error=error, trace=words, most=allowed)
    if failures >= allowed:
        _finish(connection, row["id"], "failed")
        return Reaped(row["id"], kind, worker, dead=True)
    again = datetime.now(UTC) + timedelta(seconds=pause(kind, failures))
    connection.execute("SELECT tasks.procrastinate_retry_job_v2(%s, %s, NULL, NULL, NULL)", [row["id"], again])
    return Reaped(row["id"], kind, worker, dead=False)


def release(database: Database, worker_ids: list[int]) -> int:
    """Hand back what workers had that ended in this process; no failure of the tasks. Returns how many."""
    with database.connection() as connection, connection.transaction():
        rows = connection.execute(
            "SELECT id FROM tasks.procrastinate_jobs WHERE status = 'doing' AND worker_id = ANY(%s) AND NOT abort_requested FOR UPDATE",
            [worker_ids],
        ).fetchall()
        for (task_id,) in rows:
            connection.execute(
                "SELECT tasks.procrastinate_retry_job_v2(%s, %s, NULL, NULL, NULL)", [task_id, datetime.now(UTC)]
            )
        connection.execute("DELETE FROM tasks.procrastinate_workers WHERE id = ANY(%s)", [worker_ids])
    return len(rows)


def _finish(connection: psycopg.Connection, task_id: int, status: str) -> None:
    connection.execute(
        "SELECT tasks.procrastinate_finish_job_v1(%s, %s::tasks.procrastinate_job_status, false)", [task_id, status]
    )
