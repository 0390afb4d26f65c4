"""Task files: what tasks are given to read and make to be taken away, in the database, where every process finds them."""

from collections.abc import Iterator
from typing import IO, Final

import psycopg

from db.core.pool import Database, Row

PART: Final = 1 << 20
"""Bytes of a part: what is read of a file at once."""


def keep(
    connection: psycopg.Connection, task_id: int, file: IO[bytes], *, name: str, media_type: str, given: bool
) -> int:
    """Store a file from its beginning as a task's, in the caller's transaction; returns its bytes.

    `given`: the task reads it, and it is deleted with the task's end; else it is what the task made.
    """
    file.seek(0)
    size = file.seek(0, 2)
    file.seek(0)
    connection.execute(
        "INSERT INTO task_files (task_id, given, name, media_type, size) VALUES (%s, %s, %s, %s, %s)",
        [task_id, given, name, media_type, size],
    )
    for place, content in enumerate(iter(lambda: file.read(PART), b"")):
        connection.execute("INSERT INTO task_file_parts VALUES (%s, %s, %b)", [task_id, place, content])
    return size


def one(database: Database, task_id: int, *, given: bool) -> Row | None:
    """A task's file: name, media_type and size in bytes."""
    return database.row(
        "SELECT name, media_type, size FROM task_files WHERE task_id = %s AND given = %s", [task_id, given]
    )


def parts(database: Database, task_id: int) -> Iterator[bytes]:
    """A task's file, a part at a time; no connection is held between them.

    Raises:
        LookupError: the file was deleted meanwhile.
    """
    found = database.row("SELECT size FROM task_files WHERE task_id = %s", [task_id])
    left, place = (found["size"] if found else 0), 0
    while left:
        row = database.fetch(
            "SELECT content FROM task_file_parts WHERE task_id = %s AND place = %s",
            [task_id, place],
            factory=psycopg.rows.scalar_row,
            binary=True,
        )
        if not row:
            raise LookupError(f"the file of task {task_id} is gone")
        yield row[0]
        left, place = left - len(row[0]), place + 1


def made_by(database: Database, user_id: int, kind: str) -> list[Row]:
    """What a user's tasks of a kind made and is kept, newest first: task_id, name, size in bytes, created_at."""
    return database.rows(
        "SELECT f.task_id, f.name, f.size, f.created_at FROM task_files f JOIN tasks.details d ON d.job_id = f.task_id"
        " JOIN tasks.procrastinate_jobs j ON j.id = f.task_id"
        " WHERE d.user_id = %s AND j.task_name = %s AND NOT f.given ORDER BY f.task_id DESC",
        [user_id, kind],
    )


def forget_made(connection: psycopg.Connection, user_id: int | None, kind: str, keep: int) -> None:
    """Delete what a user's tasks of a kind made, but for the newest files."""
    connection.execute(
        "DELETE FROM task_files WHERE task_id IN (SELECT f.task_id FROM task_files f JOIN tasks.details d ON d.job_id = f.task_id"
        " JOIN tasks.procrastinate_jobs j ON j.id = f.task_id"
        " WHERE d.user_id = %s AND j.task_name = %s AND NOT f.given ORDER BY f.task_id DESC OFFSET %s)",
        [user_id, kind, keep],
    )


def forget_given(connection: psycopg.Connection, user_id: int | None, kind: str) -> None:
    """Delete what a user's tasks of a kind were given that failed for good: a newer one takes their place."""
    connection.execute(
        "DELETE FROM task_files WHERE given AND task_id IN (SELECT job_id FROM tasks.details JOIN tasks.procrastinate_jobs j"
        " ON j.id = job_id WHERE user_id IS NOT DISTINCT FROM %s AND j.task_name = %s AND j.status = 'failed')",
        [user_id, kind],
    )
