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
"""Counted in this process alone: whether it is well must be told whatever Redis does."""


class LimitsDownError(RuntimeError):
    """Redis is down and the group is one that must be counted for all processes."""


class Limiter:
    """Counts requests by group and by who makes them."""

    def __init__(self, client: redis.Redis, limits: Mapping[str, Limit | None]) -> None:
        self.limits = limits
        self._shared = SharedWindows(client)
        self._local = LocalWindows()
        self._down = False

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
        verdict = None if group in LOCAL else self._ask(key, limit)
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
