"""Rate limits: requests counted in Redis, and in this process while Redis is down unless that would be too lax."""

from collections.abc import Mapping
from typing import Final

import redis
import structlog

from app.security.access import FAIL_CLOSED, Group
from app.security.moving_window import LocalWindows, SharedWindows, Verdict
from app.settings.rate_limits import Limit

log = structlog.get_logger(__name__)

LOCAL: Final = frozenset({Group.OPERATIONS})
"""Counted in this process alone, so that health checks are answered while Redis is down."""


class LimitsDownError(RuntimeError):
    """Redis is down and the group is one that must be counted for all processes."""


class Limiter:
    """Counts requests by group and client."""

    def __init__(self, client: redis.Redis, limits: Mapping[str, Limit | None]) -> None:
        self.limits = limits
        self._shared = SharedWindows(client)
        self._local = LocalWindows()
        self._down = False

    def hit(self, group: Group, client: str) -> tuple[Limit, Verdict] | None:
        """Count one request of `client` (`ip:…` or `user:…`); None where the group has no limit.

        Raises:
            LimitsDownError: Redis is down, and the group fails closed.
        """
        limit = self.limits.get(group)
        if limit is None:
            return None
        # The braces keep a group on one node of a Redis Cluster.
        key = f"ratelimit:{{{group}}}:{client}"
        verdict = None if group in LOCAL else self._hit_shared(key, limit)
        if verdict is None:
            if group in FAIL_CLOSED:
                raise LimitsDownError(f"{group} cannot be counted: Redis does not answer")
            verdict = self._local.hit(key, limit)
        return limit, verdict

    def allows(self, name: str, client: str, limit: Limit) -> bool:
        """Count an event other than a request, such as a log line; whether it is within its own limit."""
        key = f"ratelimit:{{{name}}}:{client}"
        return (self._hit_shared(key, limit) or self._local.hit(key, limit)).passed

    def _hit_shared(self, key: str, limit: Limit) -> Verdict | None:
        """The verdict of Redis; None where it does not answer."""
        try:
            verdict = self._shared.hit(key, limit)
        except redis.RedisError as error:
            if not self._down:
                log.warning("requests are counted in this process: Redis does not answer", error=str(error))
            self._down = True
            return None
        if self._down:
            log.info("requests are counted in Redis again")
        self._down = False
        return verdict
