"""Task waiting: a request waits for the end of a task without a thread; one query at a time looks for all of them.

The server puts a `Waiter` into the WSGI environment. A view leaves an `Awaited` there beside a 202; where the task ends in
time, the server sends its answer instead.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog

from db.core.pool import Database, DatabaseDownError
from db.tasks import details

log = structlog.get_logger(__name__)

WAITER: Final = "tracera.tasks.waiter"
"""Set by a server that can wait without a thread."""
AWAITED: Final = "tracera.tasks.awaited"
"""Set by a view for such a server."""
EVERY: Final = 0.1
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, JSON and further headers."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Awaited:
    """A task that a request waits for, for so many seconds; `answer` asks the database, in a thread."""

    database: Database
    task_id: int
    seconds: float
    answer: Callable[[], Answer]


class Waiter:
    """Waits for tasks on the event loop that first awaits it."""

    def __init__(self) -> None:
        self._asked: dict[int, list[asyncio.Future[bool]]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    def close(self) -> None:
        """The server ends: everyone who waits gets a 202 at once. From any code on the event loop, a signal's too."""
        self._closed = True
        for futures in self._asked.values():
            for future in futures:
                if not future.done():
                    future.get_loop().call_soon_threadsafe(_set, future, False)  # noqa: FBT003  # no keywords there

    async def wait(self, awaited: Awaited) -> Answer | None:
        """The answer once the task ended; None where it goes on, or the database does not answer."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asked.setdefault(awaited.task_id, []).append(future)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(awaited.database))
        try:
            async with asyncio.timeout(0 if self._closed else awaited.seconds):
                ended = await future
            return await asyncio.to_thread(awaited.answer) if ended else None
        except TimeoutError:
            return None
        except DatabaseDownError as error:
            log.info("a task's end is not known: the database does not answer", task=awaited.task_id, error=str(error))
            return None
        finally:
            self._forget(awaited.task_id, future)

    def _forget(self, task_id: int, future: asyncio.Future[bool]) -> None:
        waiting = self._asked.get(task_id, [])
        if future in waiting:
            waiting.remove(future)
        if not waiting:
            self._asked.pop(task_id, None)

    async def _look(self, database: Database) -> None:
        while self._asked:
            await asyncio.sleep(EVERY)
            try:
                ended = await asyncio.to_thread(details.ended, database, list(self._asked))
            except DatabaseDownError:
                continue  # those who wait have their time
            for task_id in ended:
                for future in self._asked.get(task_id, ()):
                    _set(future, True)  # noqa: FBT003  # as above


def _set(future: asyncio.Future[bool], ended: bool) -> None:  # noqa: FBT001
    if not future.done():
        future.set_result(ended)


def wait_here(awaited: Awaited) -> Answer | None:
    """Wait in this thread, for a server that knows no better."""
    deadline = time.monotonic() + awaited.seconds
    while not details.ended(awaited.database, [awaited.task_id]):
        if time.monotonic() >= deadline:
            return None
        time.sleep(EVERY)
    return awaited.answer()


def leave(environ: dict[str, Any], awaited: Awaited) -> bool:
    """Leave a task to the server to wait for; False where it cannot."""
    if WAITER not in environ:
        return False
    environ[AWAITED] = awaited
    return True
