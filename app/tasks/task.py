"""Task: what a handler gets: payload, progress, and the ways in which a run ends."""

from collections.abc import Callable, Mapping
from threading import Event
from typing import Any

import psycopg

from db.core.pool import Database
from db.tasks import details

Handler = Callable[["Task"], None]


class RefusedError(Exception):
    """A task's answer is a no, as of a private inventory: running it again would not help. `error` has reason and message."""

    def __init__(self, reason: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.error = {"reason": reason, "message": message, **more}


class RetryError(Exception):
    """A run failed, as many do: no trace of it is worth a look. `seconds`: it runs again no sooner, as another side asked for."""

    def __init__(self, message: str, seconds: float = 0.0) -> None:
        super().__init__(message)
        self.seconds = seconds


class StoppedError(Exception):
    """The worker ends, or somebody cancelled the task: the run stops where nothing is half done."""


class Task:
    """One run of a task, in a thread of its own."""

    def __init__(self, database: Database, task_id: int, run: str, payload: Mapping[str, Any]) -> None:
        self.database, self.id, self.run, self.payload = database, task_id, run, payload
        self.user_id: int | None = None
        self.age = 0.0
        """Seconds since it was put in."""
        self.stopped = Event()
        self.completed = False

    def check(self) -> None:
        """Stop here if the run is to end.

        Raises:
            StoppedError: it is.
        """
        if self.stopped.is_set():
            raise StoppedError

    def progress(self, done: int, total: int | None, message: str) -> None:
        """Note how far this run came.

        Raises:
            StoppedError: the run is to end.
            SupersededError: another run has taken over.
        """
        self.check()
        details.progress(self.database, self.id, self.run, done, total, message)

    def complete(self, connection: psycopg.Connection, result: Mapping[str, Any], message: str = "done") -> None:
        """The task is done, in the transaction of its effect.

        Raises:
            SupersededError: another run has taken over; the transaction must be rolled back.
        """
        details.complete(connection, self.id, self.run, result, message)
        self.completed = True
