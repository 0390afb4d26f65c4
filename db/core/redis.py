"""Redis: what can be rebuilt, and the channels that carry live prices."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar, cast
from uuid import uuid4

import orjson
import redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.retry import Retry

from db.core.breaker import Breaker

T = TypeVar("T")
LATEST = "price:latest:{}"
PRICES, VOLATILITY = "prices", "volatility"
WORKERS = "worker:all"
CHUNK = 2000
ABANDONED = 3600
"""Seconds that what a process was writing when it died stays in Redis."""


def connect(url: str) -> redis.Redis:
    """A client that connects at its first command and again after a failure."""
    return redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2, health_check_interval=15)


class SilentError(redis.ConnectionError):
    """Redis did not answer a moment ago, so it was not asked."""

    def __init__(self) -> None:
        super().__init__("Redis does not answer: it did not a moment ago")


class Hasty(redis.Redis):
    """A client for requests: waits a short time, and after a failure not at all for a while (`Breaker`)."""

    breaker: Breaker

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """One command, unless Redis did not answer a moment ago."""
        return _ask(self.breaker, partial(super().execute_command, *args, **options))

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:  # noqa: FBT001, FBT002  # redis-py's
        """Commands in one go, likewise."""
        made = HastyPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        made.breaker = self.breaker
        return made


class HastyPipeline(Pipeline):
    """Its commands are sent by `execute`."""

    breaker: Breaker

    def execute(self, raise_on_error: bool = True) -> list[Any]:  # noqa: FBT001, FBT002  # redis-py's
        """All commands, unless Redis did not answer a moment ago."""
        if not self.command_stack:
            return []
        return _ask(self.breaker, partial(super().execute, raise_on_error))


def connect_hasty(url: str, *, within: float, breaker: Breaker) -> Hasty:
    """A client for requests; `within` is the most seconds for a connection and for an answer."""
    made = Hasty.from_url(
        url,
        socket_timeout=within,
        socket_connect_timeout=within,
        # Once more and at once: a restarted Redis leaves dead connections in the pool. A silent one is not asked twice.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        health_check_interval=15,
    )
    client = cast("Hasty", made)  # from_url says that it makes the base class
    client.breaker = breaker
    return client


def _ask(breaker: Breaker, question: Callable[[], T]) -> T:
    if not breaker.allows():
        raise SilentError
    try:
        answer = question()
    except redis.TimeoutError as error:
        breaker.failed()
        raise redis.TimeoutError(f"Redis does not answer: {error}") from error
    except redis.RedisError:
        breaker.succeeded()  # an error is an answer, a refusal too: it costs nothing to be refused again
        raise
    breaker.succeeded()
    return answer


def publish_messages(client: redis.Redis, channel: str, messages: Iterable[Mapping[str, Any]]) -> None:
    """Publish messages."""
    pipe = client.pipeline(transaction=False)
    for message in messages:
        pipe.publish(channel, orjson.dumps(message))
        if len(pipe) >= CHUNK:
            pipe.execute()
    pipe.execute()


def replace_sorted(client: redis.Redis, sets: Mapping[str, Mapping[str, float]]) -> None:
    """Put whole sorted sets in the place of old ones, each at once; an empty one removes its key."""
    pipe = client.pipeline(transaction=False)
    for key, members in sets.items():
        if not members:
            pipe.delete(key)
            continue
        _replace(pipe, key, members, pipe.zadd)
    pipe.execute()


def beat(client: redis.Redis, worker: str, now: float) -> bool:
    """Note that a worker is alive; forget those silent for an hour. Returns whether Redis did not know it."""
    pipe = client.pipeline(transaction=False)
    pipe.zadd(WORKERS, {worker: now})
    pipe.zremrangebyscore(WORKERS, "-inf", now - 3600)
    added, _ = pipe.execute()
    return bool(added)


def replace_hash(client: redis.Redis, key: str, values: Mapping[str, bytes]) -> None:
    """Put a whole hash in the place of an old one, at once; an empty one removes the key."""
    if not values:
        client.delete(key)
        return
    pipe = client.pipeline(transaction=False)
    _replace(pipe, key, values, lambda fresh, part: pipe.hset(fresh, mapping=part))
    pipe.execute()


def _replace(
    pipe: Pipeline, key: str, values: Mapping[str, Any], write: Callable[[str, dict[Any, Any]], object]
) -> None:
    """Write values beside a key, where nobody else writes at the same time, then put all of them in its place."""
    fresh = f"{key}:fresh:{uuid4().hex}"
    entries = list(values.items())
    for start in range(0, len(entries), CHUNK):
        write(fresh, dict(entries[start : start + CHUNK]))
        pipe.expire(fresh, ABANDONED)
    pipe.rename(fresh, key)
    pipe.persist(key)


def set_latest(client: redis.Redis, messages: Iterable[Mapping[str, Any]]) -> None:
    """Set `price:latest` without publishing."""
    pipe = client.pipeline(transaction=False)
    for message in messages:
        pipe.set(LATEST.format(message["item_id"]), orjson.dumps(message))
        if len(pipe) >= CHUNK:
            pipe.execute()
    pipe.execute()


def all_latest(client: redis.Redis) -> dict[int, Any]:
    """Every item's `price:latest`; of one that is no JSON, its beginning as its price."""
    keys = [key for key in client.scan_iter(LATEST.format("*"), count=CHUNK) if key.rpartition(b":")[2].isdigit()]
    found: dict[int, Any] = {}
    for start in range(0, len(keys), CHUNK):
        part = keys[start : start + CHUNK]
        texts: Any = client.mget(part)
        found |= {
            int(key.rpartition(b":")[2]): _json(text) for key, text in zip(part, texts, strict=True) if text is not None
        }
    return found


def forget_latest(client: redis.Redis, item_ids: Iterable[int]) -> None:
    """Remove the `price:latest` of items."""
    client.delete(*(LATEST.format(item_id) for item_id in item_ids))


def _json(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return {"price": f"no JSON: {text[:40]!r}"}
