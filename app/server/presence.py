"""Presence: a process says in worker:all that it is alive, and in a key of its own what it does."""

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any, Final

import orjson
import redis
import structlog

from db.core import redis as cache

log = structlog.get_logger(__name__)

EVERY: Final = 1.0


class Presence:
    """The entry of one process.

    Args:
        client: Redis.
        name: the process, as `host:pid`.
        kind: what it is: serve or worker.
        beats: whether its heartbeat comes from here; in a process with a scheduler it comes from there.
        tasks: what tasks run in it, kinds by id.
        leads: whether it is the one that runs the jobs.
    """

    def __init__(
        self,
        client: redis.Redis,
        name: str,
        kind: str,
        *,
        beats: bool,
        tasks: Callable[[], dict[int, str]] = dict,
        leads: Callable[[], bool] = bool,
    ) -> None:
        self._redis, self._name, self._kind, self._beats = client, name, kind, beats
        self._tasks, self._leads = tasks, leads
        self._started = time.time()
        self._stop = Event()
        self._thread = Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        """Begin to say so."""
        self._thread.start()

    def stop(self) -> None:
        """Take the entry away: a process that ends in good order is no orphan."""
        self._stop.set()
        self._thread.join(2 * EVERY)
        try:
            cache.leave(self._redis, self._name)
        except redis.RedisError as error:
            log.info("the entry in worker:all stays: Redis does not answer", error=str(error))

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            try:
                cache.describe(self._redis, self._name, orjson.dumps(self._does()))
                if self._beats:
                    cache.heartbeat(self._redis, self._name, time.time())
            except redis.RedisError as error:
                log.info("not in worker:all: Redis does not answer", error=str(error))

    def _does(self) -> dict[str, Any]:
        running = sorted(self._tasks().items())
        return {
            "kind": self._kind,
            "started": self._started,
            "leads": self._leads(),
            "tasks": [{"id": task_id, "kind": kind} for task_id, kind in running],
        }
