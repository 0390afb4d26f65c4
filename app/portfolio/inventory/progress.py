"""Import progress: steps published to the owner's pages, and the cooldown between imports; the task itself is in PostgreSQL."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import orjson
import redis

CHANNEL = "portfolio"
COOLDOWN = "portfolio:cooldown:{}"


@dataclass(frozen=True, slots=True)
class State:
    """One step of an import; `total` is unknown before the first page, `result` is there at the end."""

    user_id: int
    run: str
    state: Literal["running", "done", "failed"]
    message: str
    done: int = 0
    total: int | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class ProgressStore:
    """The keys of one user's import. Every method may raise redis.RedisError."""

    def __init__(self, client: redis.Redis, user_id: int) -> None:
        self._redis, self._user_id = client, user_id

    def publish(self, state: State) -> None:
        """Publish a step."""
        self._redis.publish(CHANNEL, orjson.dumps({"type": "import", **asdict(state)}))

    def start_cooldown(self, seconds: int) -> int:
        """Start the cooldown; 0, or where one is running the seconds that are left."""
        key = COOLDOWN.format(self._user_id)
        if self._redis.set(key, "1", nx=True, ex=seconds):
            return 0
        left = self._redis.ttl(key)
        return max(1, int(left)) if isinstance(left, int) else 1

    def cooldown_left(self) -> int:
        """Seconds of cooldown that are left, 0 without one."""
        left = self._redis.ttl(COOLDOWN.format(self._user_id))
        return max(0, int(left)) if isinstance(left, int) else 0

    def shorten_cooldown(self, seconds: int) -> None:
        """Let the cooldown end in `seconds` at the latest."""
        key = COOLDOWN.format(self._user_id)
        if self.cooldown_left() > seconds:
            self._redis.expire(key, seconds)
