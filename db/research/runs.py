"""Research runs: a user's backtests, with what was asked, what came out and the link that shares one."""

from collections.abc import Mapping
from typing import Any, LiteralString

import psycopg
from psycopg.types.json import Jsonb

from db.core.pool import Database, Row
from db.tasks.details import STATE

_COLUMNS: LiteralString = (
    f"r.id, r.user_id, r.name, r.request, r.task_id, CASE WHEN r.finished_at IS NOT NULL THEN 'done' ELSE coalesce({STATE}, 'failed') END"
    " AS state, d.done, d.total, d.message, d.error, r.share_hash IS NOT NULL AS shared, r.created_at, r.finished_at"
)
_FROM: LiteralString = (
    "FROM research_runs r LEFT JOIN tasks.details d ON d.job_id = r.task_id"
    " LEFT JOIN tasks.procrastinate_jobs j ON j.id = r.task_id"
)


def lock(connection: psycopg.Connection, user_id: int) -> int:
    """Let nobody else add a run of this user's before the transaction ends; returns how many there are."""
    connection.execute("SELECT FROM users WHERE id = %s FOR UPDATE", [user_id])
    row = connection.execute("SELECT count(*) FROM research_runs WHERE user_id = %s", [user_id]).fetchone()
    return int(row[0]) if row else 0


def next_id(connection: psycopg.Connection) -> int:
    """The id of the run that `create` adds next, for the task that names it."""
    row = connection.execute("SELECT nextval(pg_get_serial_sequence('research_runs', 'id'))").fetchone()
    return int(row[0]) if row else 0


def create(
    connection: psycopg.Connection, run_id: int, user_id: int, name: str, request: Mapping[str, Any], task_id: int
) -> None:
    """Add a run with its task, in the caller's transaction."""
    connection.execute(
        "INSERT INTO research_runs (id, user_id, name, request, task_id) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, %s)",
        [run_id, user_id, name, Jsonb(dict(request)), task_id],
    )


def request(database: Database, run_id: int) -> Row | None:
    """What was asked; None where the run was deleted."""
    return database.row("SELECT request FROM research_runs WHERE id = %s", [run_id])


def finish(connection: psycopg.Connection, run_id: int, result: str) -> None:
    """Keep what came out (JSON), in the transaction that ends the task."""
    connection.execute(
        "UPDATE research_runs SET result = %s::json, finished_at = now() WHERE id = %s", [result, run_id]
    )


def of_user(database: Database, user_id: int) -> list[Row]:
    """A user's runs without their results, the newest first."""
    return database.rows(f"SELECT {_COLUMNS} {_FROM} WHERE r.user_id = %s ORDER BY r.id DESC", [user_id])


def one(database: Database, user_id: int, run_id: int) -> Row | None:
    """One of the user's own, with its result."""
    return database.row(f"SELECT {_COLUMNS}, r.result {_FROM} WHERE r.user_id = %s AND r.id = %s", [user_id, run_id])


def shared(database: Database, share_hash: bytes) -> Row | None:
    """The run that a link shows; None for an unknown one, or one that has no result."""
    return database.row(
        f"SELECT {_COLUMNS}, r.result {_FROM} WHERE r.share_hash = %s AND r.result IS NOT NULL", [share_hash]
    )


def share(database: Database, user_id: int, run_id: int, share_hash: bytes | None) -> bool:
    """Set the link of a run that is done, in place of the one before; None ends it. False where there is no such run of this user's."""
    query = "UPDATE research_runs SET share_hash = %s WHERE id = %s AND user_id = %s AND result IS NOT NULL"
    return bool(database.execute(query, [share_hash, run_id, user_id]))


def delete(database: Database, user_id: int, run_id: int) -> Row | None:
    """Delete a run and return its task's id; None where there is no such run of this user's."""
    return database.row("DELETE FROM research_runs WHERE id = %s AND user_id = %s RETURNING task_id", [run_id, user_id])
