"""Task overview: queues with the age of what waits, dead letters, and what is thrown away."""

from db.core.pool import Database, Row
from db.tasks.details import STATE

KEEP_DONE, KEEP_FAILED = "2 days", "90 days"
"""How long tasks are kept after their end."""


def queues(database: Database) -> list[Row]:
    """Each kind with tasks that wait, run or failed, and how long the oldest that is due waits (seconds)."""
    return database.rows(
        "SELECT task_name AS kind, count(*) FILTER (WHERE status = 'todo') AS waiting,"
        " count(*) FILTER (WHERE status = 'doing') AS running, count(*) FILTER (WHERE status = 'failed') AS failed,"
        " extract(epoch FROM max(now() - greatest(d.created_at, coalesce(j.scheduled_at, d.created_at)))"
        "   FILTER (WHERE status = 'todo' AND coalesce(j.scheduled_at, now()) <= now()))::double precision AS oldest"
        " FROM tasks.procrastinate_jobs j JOIN tasks.details d ON d.job_id = j.id"
        " WHERE j.status IN ('todo', 'doing', 'failed') GROUP BY 1 ORDER BY 1"
    )


def listed(database: Database, *, state: str | None = None, kind: str | None = None, limit: int = 50) -> list[Row]:
    """The newest tasks of all users, with their last error."""
    return database.rows(
        f"SELECT * FROM (SELECT d.job_id AS id, j.task_name AS kind, {STATE} AS state, d.user_id, d.created_at, d.finished_at,"
        " d.failures, d.message, d.worker, j.status = 'failed' AS dead FROM tasks.details d"
        " JOIN tasks.procrastinate_jobs j ON j.id = d.job_id WHERE %(kind)s::text IS NULL OR j.task_name = %(kind)s) t"
        " WHERE %(state)s::text IS NULL OR state = %(state)s ORDER BY id DESC LIMIT %(limit)s",
        {"kind": kind, "state": state, "limit": limit},
    )


def dead_letters(database: Database, limit: int = 10) -> list[Row]:
    """The newest tasks that failed for good."""
    return database.rows(
        "SELECT j.id, j.task_name AS kind, d.user_id, d.finished_at, d.failures, d.message FROM tasks.procrastinate_jobs j"
        " JOIN tasks.details d ON d.job_id = j.id WHERE j.status = 'failed' ORDER BY j.id DESC LIMIT %s",
        [limit],
    )


def forget_old(database: Database) -> int:
    """Delete what ended long ago; returns how many tasks."""
    return database.execute(
        "DELETE FROM tasks.procrastinate_jobs j WHERE j.status NOT IN ('todo', 'doing') AND NOT EXISTS ("
        "SELECT FROM tasks.details d WHERE d.job_id = j.id AND coalesce(d.finished_at, d.created_at) >= now() -"
        f" CASE WHEN j.status = 'failed' THEN interval '{KEEP_FAILED}' ELSE interval '{KEEP_DONE}' END)"
    )
