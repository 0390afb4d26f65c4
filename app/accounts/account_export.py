"""Account export: everything kept about a user as one file, made by a task where a request could not wait for it."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from app.accounts.session_list import SessionEntry
from app.tasks.kinds import ACCOUNT_EXPORT
from app.tasks.task import Task
from db.accounts import export
from db.core.pool import Database
from db.tasks import files, queue

FILE = "tracera-account.json"


def start(database: Database, user_id: int, sessions: Sequence[SessionEntry]) -> int:
    """Put an export in, or join the one under way; returns the task's id. `sessions` are as of now, since Redis keeps them."""
    name = f"{ACCOUNT_EXPORT.name}:{user_id}"
    with database.connection() as connection, connection.transaction():
        queue.lock(connection, name)
        under_way = queue.active(connection, name)
        if under_way is not None:
            return under_way
        held: list[Any] = orjson.loads(orjson.dumps(sessions))
        return ACCOUNT_EXPORT.defer(connection, {"private": {"sessions": held}}, user_id=user_id, lock=name)


def run(task: Task) -> None:
    """Write the file, in the place of the user's last one."""
    rows = export.user_rows(task.database, task.user_id or 0)
    document = {
        **rows,
        "sessions": task.payload.get("private", {}).get("sessions", []),
        "exported_at": datetime.now(UTC),
    }
    content = orjson.dumps(document, option=orjson.OPT_UTC_Z)
    task.check()
    with task.database.connection() as connection, connection.transaction():
        files.forget_made(connection, task.user_id, ACCOUNT_EXPORT.name, keep=0)
        size = files.keep(
            connection, task.id, io.BytesIO(content), name=FILE, media_type="application/json", given=False
        )
        task.complete(connection, {"file": FILE, "size": size}, "Everything kept about you")
