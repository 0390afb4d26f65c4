"""What a process holds: its settings, the database, Redis, and the embedded servers where it needs them."""

from dataclasses import dataclass
from threading import Lock

import redis
from flask import Flask, current_app, request

from app.settings import Settings
from db.core import redis as cache
from db.core.breaker import Breaker
from db.core.pool import Database
from db.embedded.servers import Embedded
from db.timescale import overlay

EXTENSION = "tracera"
NEED_NOTHING = frozenset({"/healthz", "/version"})


@dataclass(frozen=True, slots=True)
class Services:
    """What pages and routes, or jobs and commands, work with."""

    settings: Settings
    database: Database
    redis: redis.Redis


class Runtime:
    """Connects nothing until `start` or the first use of the database or Redis.

    Args:
        settings: the process's settings.
        brief: whether the process ends by itself soon; see `Embedded`.
    """

    def __init__(self, settings: Settings, *, brief: bool = False) -> None:
        self.settings = settings
        self.embedded: Embedded | None = None
        if not (settings.database_url and settings.redis_url):
            self.embedded = Embedded(
                settings.data_dir,
                postgres=not settings.database_url,
                redis=not settings.redis_url,
                brief=brief,
            )
        endpoints = self.embedded.endpoints() if self.embedded else None
        self.database_url = settings.database_url or (endpoints.database_url if endpoints else "")
        self.redis_url = settings.redis_url or (endpoints.redis_url if endpoints else "")
        slow = settings.slow_query
        self.services = Services(
            settings,
            Database(self.database_url, size=settings.threads + 8, slow_after=slow),
            cache.connect(self.redis_url),
        )
        """For jobs and commands: statements take as long as they take."""
        within = settings.request_timeout
        self.redis_breaker = Breaker()
        self.request_services = Services(
            settings,
            Database(
                self.database_url,
                size=settings.threads + 8,
                wait=within,
                answer_within=within,
                slow_after=slow,
                breaker=Breaker(),
            ),
            self.connect_redis(),
        )
        """For requests, found by `services()`: nothing is waited for longer than TRACERA_REQUEST_TIMEOUT."""
        self._lock = Lock()
        self._started = False

    def connect_redis(self) -> cache.FailFastRedis:
        """A client for requests; all of them know when one found Redis silent."""
        return cache.connect_fail_fast(self.redis_url, within=self.settings.request_timeout, breaker=self.redis_breaker)

    def start(self) -> list[str]:
        """Start or attach to the embedded servers and bring the schema up to date; returns the migrations applied.

        Raises:
            EmbeddedError: a server did not come up.
            DatabaseDownError: the configured database cannot be reached.
        """
        with self._lock:
            if self._started:
                return []
            if self.embedded:
                self.embedded.start()
            applied = overlay.upgrade(self.database_url)
            self._started = True
            return applied

    def stop(self) -> None:
        """Give everything back; embedded servers that this process owns end in good order."""
        for held in (self.services, self.request_services):
            held.database.close()
            held.redis.close()
        if self.embedded:
            self.embedded.stop()
        self._started = False


def register_runtime(server: Flask, runtime: Runtime) -> None:
    """Let requests find the services; under a plain WSGI server the first request starts what is embedded."""
    server.extensions[EXTENSION] = runtime

    @server.before_request
    def start() -> None:
        if request.path not in NEED_NOTHING:
            runtime.start()


def services() -> Services:
    """The services of the application that handles the current request."""
    runtime: Runtime = current_app.extensions[EXTENSION]
    return runtime.request_services
