"""Export task: writes a table of items to a file that its user takes away while it is kept."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import IO, Any, Final

from app.research.exports.request import ExportRequest
from app.research.exports.tables import Wanted, check_source, write
from app.tasks.kinds import EXPORT
from app.tasks.task import RefusedError, Task
from db.accounts import watchlist
from db.core.pool import Database
from db.quotes.history import UnknownSourceError
from db.tasks import files, queue

KEPT: Final = 5
"""Files of a user that are kept; an older one makes room."""
MAX_BYTES: Final = 256 * 1024 * 1024
EVERY: Final = 0.5
"""Seconds between two notes of progress."""
MEDIA_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "npz": "application/octet-stream",
}


class BusyError(Exception):
    """Another export of the user is under way."""


def start(database: Database, user_id: int, request: ExportRequest) -> int:
    """Put an export in; returns the task's id.

    Raises:
        BusyError: another one of the user's is under way.
    """
    name = f"{EXPORT.name}:{user_id}"
    with database.connection() as connection, connection.transaction():
        queue.lock(connection, name)
        if queue.active(connection, name) is not None:
            raise BusyError("another of your exports is under way; wait for it, or cancel it")
        return EXPORT.defer(connection, {"request": request.model_dump(mode="json")}, user_id=user_id, lock=name)


def run(task: Task) -> None:
    """Write the file that a task asks for; nothing of it is kept before all is.

    Raises:
        RefusedError: there is nothing to write, or too much; another run would not help.
    """
    request = ExportRequest.model_validate(task.payload["request"])
    ids = _ids(task, request)
    wanted = Wanted(request.table, request.window, request.interval, request.source, ids)
    now = datetime.now(UTC)
    name = f"tracera-{request.table}-{now:%Y%m%d-%H%M%S}Z.{request.format}"
    with tempfile.TemporaryFile(prefix="tracera-export-") as file:
        try:
            check_source(task.database, wanted)
            rows = write(file, task.database, wanted, request.format, _counted(task, file))
        except UnknownSourceError as error:
            raise RefusedError("unknown_source", f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
        if not rows:
            raise RefusedError("empty", "Nothing is kept of these items in that time, so there is no file.")
        _check_size(file)
        task.check()
        with task.database.connection() as connection, connection.transaction():
            size = files.keep(connection, task.id, file, name=name, media_type=MEDIA_TYPES[request.format], given=False)
            files.forget_made(connection, task.user_id, EXPORT.name, keep=KEPT)
            task.complete(connection, {"file": name, "size": size, "rows": rows}, f"{rows:,} rows")


def _ids(task: Task, request: ExportRequest) -> list[int] | None:
    if request.items == "all":
        return None
    if request.items == "watchlist":
        watched = [row["item_id"] for row in watchlist.of_user(task.database, task.user_id or 0)]
        if not watched:
            raise RefusedError("empty", "Your watchlist is empty, so there is no file.")
        return watched
    return list(dict.fromkeys(request.items))


def _counted(task: Task, file: IO[bytes]) -> Callable[[Iterable[Any], int], Iterator[Any]]:
    """Passes on what comes, notes how far it is, and stops a file that grows too large."""

    def count(found: Iterable[Any], total: int) -> Iterator[Any]:
        said = 0.0
        for done, one in enumerate(found, 1):
            yield one
            task.check()
            if time.monotonic() - said > EVERY:
                said = time.monotonic()
                _check_size(file)
                task.progress(done, total, f"{done:,} of {total:,} items")

    return count


def _check_size(file: IO[bytes]) -> None:
    if file.tell() > MAX_BYTES:
        words = f"The file would be larger than {MAX_BYTES >> 20} MB; choose fewer items, a shorter time or Parquet."
        raise RefusedError("too_large", f"{words} `tracera export` on the server has no such limit.")
