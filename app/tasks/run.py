"""Task run: calls the handler, records how the run ended, and says what is to become of the task."""

import traceback
from collections.abc import Mapping
from typing import Final

import structlog

from app.tasks.kinds import Kind
from app.tasks.task import Handler, RefusedError, RetryError, StoppedError, Task
from db.core.pool import DatabaseDownError
from db.tasks import details
from db.tasks.details import SupersededError

log = structlog.get_logger(__name__)

LONGEST_TRACE: Final = 16_000
"""Characters of a dead letter's trace that are kept, its end."""
UNSURE_PAUSE: Final = 5.0
"""Seconds before a task is tried again whose run could not even be recorded, or was taken over."""


class AgainError(Exception):
    """The task is to run again, in `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds:.1f} s")
        self.seconds = seconds


class DeadError(Exception):
    """The task failed for good and is kept."""


def run_once(task: Task, kind: Kind, handler: Handler, worker: str) -> None:
    """Run a task once; returns where it is over.

    Raises:
        AgainError: it is to run again.
        DeadError: it failed for good.
        StoppedError: it was stopped and is not over.
    """
    try:
        if not _begin(task, kind, worker):
            return
        handler(task)
        if not task.completed:
            with task.database.connection() as connection:
                task.complete(connection, {})
    except (StoppedError, DeadError):
        raise
    except RefusedError as refused:
        _refuse(task, refused.error)
    except SupersededError as error:
        log.warning("task left to another run", task=task.id, kind=kind.name, reason=str(error))
        raise AgainError(UNSURE_PAUSE) from None
    except Exception as error:  # noqa: BLE001  # whatever a handler raises: recorded, and run again or kept
        raise _failed(task, kind, error) from None


def _begin(task: Task, kind: Kind, worker: str) -> bool:
    """Take the task over; False where it ended in an earlier run whose worker could not say so.

    Raises:
        DeadError: it ended as a dead letter.
    """
    begun = details.begin(task.database, task.id, task.run, worker)
    if begun is None:
        return False
    if begun["ended"]:
        if begun["failures"] >= kind.most:
            raise DeadError
        return False
    task.user_id, task.age = begun["user_id"], begun["age"]
    task.check()
    return True


def _refuse(task: Task, error: Mapping[str, object]) -> None:
    try:
        details.refuse(task.database, task.id, task.run, error)
    except (DatabaseDownError, SupersededError) as unrecorded:
        log.warning("task's answer not recorded, it runs again", task=task.id, error=str(unrecorded))
        raise AgainError(UNSURE_PAUSE) from None


def _failed(task: Task, kind: Kind, error: Exception) -> AgainError | DeadError:
    """Record a failure; what the task is to end with."""
    expected = isinstance(error, DatabaseDownError | RetryError)
    words = str(error) if expected else f"{type(error).__name__}: {error}"
    known = {"reason": "database_down" if isinstance(error, DatabaseDownError) else "failed", "message": words}
    looked_at = None if isinstance(error, RetryError) else error
    trace = "".join(traceback.format_exception(error))[-LONGEST_TRACE:] if looked_at else words
    try:
        with task.database.connection() as connection:
            failures = details.failed(connection, task.id, run=task.run, error=known, trace=trace, most=kind.most)
    except (DatabaseDownError, SupersededError) as unrecorded:
        log.warning("task failed, which is not recorded; it runs again", task=task.id, error=words, why=str(unrecorded))
        return AgainError(UNSURE_PAUSE)
    if failures >= kind.most:
        log.error(
            "task failed for good", task=task.id, kind=kind.name, failures=failures, error=words, exc_info=looked_at
        )
        return DeadError(words)
    wait = max(kind.wait(failures), error.seconds if isinstance(error, RetryError) else 0.0)
    log.warning(
        "task failed, it runs again", task=task.id, kind=kind.name, failures=failures, seconds=wait, error=words
    )
    return AgainError(wait)
