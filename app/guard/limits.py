"""Rate limits: counted in Redis, and in this process while Redis is down, unless that would be too lax."""

import time
from threading import Lock
from typing import Final

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.guard.access import FAIL_CLOSED, Group
from app.guard.window import Limit, LocalWindows, SharedWindows, Verdict

log = structlog.get_logger(__name__)

PATIENCE: Final = 0.5
"""Seconds that a request waits for Redis at most."""
PAUSE: Final = 1.0
"""Seconds after a failure in which Redis is not asked again: then one request finds out, the others do not wait."""


class LimitsDownError(RuntimeError):
    """Redis is down and the group is one that must be counted for all processes."""


class Limiter:
    """Counts requests by group and by who makes them."""

    def __init__(self, redis_url: str, limits: dict[Group, Limit | None]) -> None:
        client = redis.Redis.from_url(
            redis_url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            # Once more and at once: a restarted Redis leaves dead connections in the pool.
            retry=Retry(NoBackoff(), 1),
        )
        self.limits = limits
        self._shared = SharedWindows(client)
        self._local = LocalWindows()
        self._down_until = 0.0
        self._lock = Lock()

    def hit(self, group: Group, who: str) -> tuple[Limit, Verdict] | None:
        """Count one request of `who` (`ip:…` or `user:…`); None where the group has no limit.

        Raises:
            LimitsDownError: Redis is down, and the group fails closed.
        """
        limit = self.limits.get(group)
        if limit is None:
            return None
        # The braces keep a group on one node of a Redis Cluster.
        key = f"ratelimit:{{{group}}}:{who}"
        verdict = self._ask(key, limit)
        if verdict is None:
            if group in FAIL_CLOSED:
                raise LimitsDownError(f"{group} cannot be counted: Redis does not answer")
            verdict = self._local.hit(key, limit)
        return limit, verdict

    def allows(self, name: str, who: str, limit: Limit) -> bool:
        """Whether something other than a request, done for `who`, is within its own limit; it is counted."""
        key = f"ratelimit:{{{name}}}:{who}"
        return (self._ask(key, limit) or self._local.hit(key, limit)).passed

    def _ask(self, key: str, limit: Limit) -> Verdict | None:
        """What Redis says; None where it does not answer."""
        if time.monotonic() < self._down_until:
            return None
        try:
            verdict = self._shared.hit(key, limit)
        except redis.RedisError as error:
            self._fail(error)
            return None
        if self._down_until:
            self._recover()
        return verdict

    def _fail(self, error: Exception) -> None:
        with self._lock:
            first = not self._down_until
            self._down_until = time.monotonic() + PAUSE
        if first:
            log.warning("requests are counted in this process: Redis does not answer", error=str(error))

    def _recover(self) -> None:
        with self._lock:
            self._down_until = 0.0
        log.info("requests are counted in Redis again")
