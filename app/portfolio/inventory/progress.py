"""Import progress in Redis, where pages and WebSockets of every process see it."""

import secrets
from dataclasses import asdict, dataclass
from typing import Any, Literal

import orjson
import redis

CHANNEL = "portfolio"
COOLDOWN, RUNNING, PROGRESS = "portfolio:cooldown:{}", "portfolio:running:{}", "portfolio:import:{}"
ALIVE = 120
"""Seconds after which a run that says nothing counts as dead."""
KEEP = 3600
RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('expire', KEYS[1], ARGV[2]) end return 0"


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

    def begin(self) -> str | None:
        """Claim the run; None where one is going on."""
        token = secrets.token_hex(8)
        return token if self._redis.set(RUNNING.format(self._user_id), token, nx=True, ex=ALIVE) else None

    def running(self) -> str | None:
        """The run that is going on."""
        found = self._redis.get(RUNNING.format(self._user_id))
        return found.decode() if isinstance(found, bytes) else None

    def save(self, state: State) -> None:
        """Publish a step, and keep it for those who ask later; the claim lives on with it."""
        text = orjson.dumps(asdict(state))
        pipe = self._redis.pipeline(transaction=False)
        pipe.set(PROGRESS.format(self._user_id), text, ex=KEEP)
        pipe.eval(RENEW, 1, RUNNING.format(self._user_id), state.run, ALIVE)
        pipe.publish(CHANNEL, orjson.dumps({"type": "import", **asdict(state)}))
        pipe.execute()

    def read(self) -> State | None:
        """The last step of the last run."""
        found = self._redis.get(PROGRESS.format(self._user_id))
        return State(**orjson.loads(found)) if isinstance(found, bytes) else None

    def end(self, token: str) -> None:
        """Give the claim back, if it is still this run's."""
        self._redis.eval(RELEASE, 1, RUNNING.format(self._user_id), token)

    def cool(self, seconds: int) -> int:
        """Start the cooldown; 0, or where one is running the seconds that are left."""
        key = COOLDOWN.format(self._user_id)
        if self._redis.set(key, "1", nx=True, ex=seconds):
            return 0
        left = self._redis.ttl(key)
        return max(1, int(left)) if isinstance(left, int) else 1

    def cooling(self) -> int:
        """Seconds of cooldown that are left, 0 without one."""
        left = self._redis.ttl(COOLDOWN.format(self._user_id))
        return max(0, int(left)) if isinstance(left, int) else 0

    def shorten(self, seconds: int) -> None:
        """Let the cooldown end in `seconds` at the latest."""
        key = COOLDOWN.format(self._user_id)
        if self.cooling() > seconds:
            self._redis.expire(key, seconds)
