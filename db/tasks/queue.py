"""Task queue: puts tasks in, in the caller's transaction, cancels them and gives dead letters another chance."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from psycopg.types.json import Jsonb

from db.core.pool import Database

LOCK_SPACE = 730_730
"""First key of the advisory locks under which tasks of one lock are put in."""
_DEFER: LiteralString = """
WITH job AS (
    SELECT unnest(tasks.procrastinate_defer_jobs_v1(
        ARRAY[ROW(%(kind)s, %(kind)s, %(priority)s, NULL, %(lock)s, %(payload)s, %(at)s)]::tasks.procrastinate_job_to_defer_v1[]
    )) AS id
)
INSERT INTO tasks.details (job_id, user_id) SELECT id, %(user_id)s FROM job RETURNING job_id"""
_DEFER_SLOT: LiteralString = """
WITH job AS (
    SELECT tasks.procrastinate_defer_periodic_job_v2(
        %(kind)s, NULL, %(lock)s, %(kind)s, %(priority)s, '', %(slot)s, %(payload)s
    ) AS id
)
INSERT INTO tasks.details (job_id) SELECT id FROM job WHERE id IS NOT NULL RETURNING job_id"""
_ACTIVE: LiteralString = "SELECT id FROM tasks.procrastinate_jobs WHERE queueing_lock = %s AND status IN ('todo', 'doing') ORDER BY id LIMIT 1"


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to put in, into the queue of its kind; `lock`: of one lock at most one task waits; `at`: it does not run before.

    What the payload has under `private` is deleted when the task ends.
    """

    kind: str
    priority: int
    payload: Mapping[str, Any]
    user_id: int | None = None
    lock: str | None = None
    at: datetime | None = None

    def parameters(self) -> dict[str, Any]:
        """As the statements name them."""
        return {
            "kind": self.kind,
            "priority": self.priority,
            "payload": Jsonb(dict(self.payload)),
            "user_id": self.user_id,
            "lock": self.lock,
            "at": self.at,
        }


def defer(connection: psycopg.Connection, task: NewTask) -> int:
    """Put a task in and return its id; it runs once the connection's transaction is committed, or never."""
    row = connection.execute(_DEFER, task.parameters()).fetchone()
    return int(row[0]) if row else 0


def defer_slot(connection: psycopg.Connection, task: NewTask, slot: int) -> int | None:
    """Put in the task of a slot of time (seconds since 1970), unless a clock did so before; then None.

    Where the last slot's task still waits, it is that one and no second is put in.
    """
    with connection.transaction():
        lock(connection, task.kind)
        if task.lock is not None and active(connection, task.lock) is not None:
            return None
        row = connection.execute(_DEFER_SLOT, {**task.parameters(), "slot": slot}).fetchone()
    return int(row[0]) if row else None


def lock(connection: psycopg.Connection, name: str) -> None:
    """Let nobody else put in tasks of this lock before the transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, name])


def active(connection: psycopg.Connection, name: str) -> int | None:
    """The task that waits or runs under a lock."""
    row = connection.execute(_ACTIVE, [name]).fetchone()
    return int(row[0]) if row else None


def cancel(database: Database, task_id: int) -> bool:
    """Take a waiting task out, or ask a running one to stop; False where it ended before."""
    with database.connection() as connection, connection.transaction():
        row = connection.execute("SELECT tasks.procrastinate_cancel_job_v1(%s, true, false)", [task_id]).fetchone()
        if row is None or row[0] is None:
            return False
        connection.execute(
            "UPDATE tasks.details SET finished_at = now(), message = 'cancelled' WHERE job_id = %s AND result IS NULL",
            [task_id],
        )
    return True


def retry(database: Database, task_id: int) -> bool:
    """Let a dead letter run again, as if it had never failed; False where it is none."""
    with database.connection() as connection, connection.transaction():
        found = connection.execute(
            "SELECT FROM tasks.procrastinate_jobs WHERE id = %s AND status = 'failed' FOR UPDATE", [task_id]
        )
        if found.rowcount == 0:
            return False
        connection.execute(
            "SELECT tasks.procrastinate_retry_job_v2(%s, %s, NULL, NULL, NULL)", [task_id, datetime.now(UTC)]
        )
        connection.execute(
            "UPDATE tasks.details SET failures = 0, finished_at = NULL, error = NULL, message = NULL WHERE job_id = %s",
            [task_id],
        )
    return True
