"""Redis: clients, latest prices, rankings, heartbeats, and the channels that carry live prices."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final, TypeAlias, TypeVar, cast
from uuid import uuid4

import numpy as np
import orjson
import redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.retry import Retry

from db.core.arrays import Floats, Ints
from db.core.breaker import Breaker

T = TypeVar("T")
Scored: TypeAlias = tuple[Ints, Floats]
"""Members of a sorted set, each once, and their scores, of which none is NaN; both (n,)."""
LATEST = "price:latest:{}"
PRICES, VOLATILITY, LEVELS = "prices", "volatility", "levels"
WORKERS, WORKER = "worker:all", "worker:{}"
CHUNK = 2000
LEFTOVER_SECONDS = 3600
"""Seconds that what a process was writing when it died stays in Redis."""


def connect(url: str) -> redis.Redis:
    """A client that connects at its first command and again after a failure."""
    return redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2, health_check_interval=15)


class BreakerOpenError(redis.ConnectionError):
    """Redis did not answer a moment ago, so it was not asked."""

    def __init__(self) -> None:
        super().__init__("Redis does not answer: it did not a moment ago")


class FailFastRedis(redis.Redis):
    """A client for requests: waits a short time, and after a failure not at all for a while (`Breaker`)."""

    breaker: Breaker

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """One command, unless Redis did not answer a moment ago."""
        return _call(self.breaker, partial(super().execute_command, *args, **options))

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:  # noqa: FBT001, FBT002  # redis-py's
        """Commands in one go, likewise."""
        made = FailFastPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        made.breaker = self.breaker
        return made


class FailFastPipeline(Pipeline):
    """Its commands are sent by `execute`."""

    breaker: Breaker

    def execute(self, raise_on_error: bool = True) -> list[Any]:  # noqa: FBT001, FBT002  # redis-py's
        """All commands, unless Redis did not answer a moment ago."""
        if not self.command_stack:
            return []
        return _call(self.breaker, partial(super().execute, raise_on_error))


def connect_fail_fast(url: str, *, within: float, breaker: Breaker) -> FailFastRedis:
    """A client for requests; `within` is the most seconds for a connection and for an answer."""
    made = FailFastRedis.from_url(
        url,
        socket_timeout=within,
        socket_connect_timeout=within,
        # Once more and at once: a restarted Redis leaves dead connections in the pool. A silent one is not asked twice.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        health_check_interval=15,
    )
    client = cast("FailFastRedis", made)  # from_url says that it makes the base class
    client.breaker = breaker
    return client


def _call(breaker: Breaker, question: Callable[[], T]) -> T:
    if not breaker.allows():
        raise BreakerOpenError
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


PUBLISHED_AT_ONCE: Final = 500
"""Messages of one question: Redis answers nobody else meanwhile."""
_PUBLISH: Final = "for at = 2, #ARGV do redis.call('PUBLISH', ARGV[1], ARGV[at]) end"


def publish_messages(client: redis.Redis, channel: str, messages: Iterable[Mapping[str, Any]]) -> None:
    """Publish messages one by one, hundreds of them with one question to Redis."""
    script = client.register_script(_PUBLISH)
    texts = (orjson.dumps(message) for message in messages)
    while part := list(islice(texts, PUBLISHED_AT_ONCE)):
        script(args=[channel, *part])


def replace_sorted(client: redis.Redis, sets: Mapping[str, Scored]) -> None:
    """Put whole sorted sets in the place of old ones, each at once; an empty one removes its key."""
    for key, (members, scores) in sets.items():
        order = np.argsort(scores)  # Redis finds a place sooner beside the one before it
        _replace(client, key, "ZADD", _scored_parts((members[order], scores[order])))


def update_sorted(client: redis.Redis, key: str, scored: Scored, gone: Sequence[int]) -> None:
    """Set the scores of some members of a sorted set and remove others."""
    _update(client, key, ("ZADD", _scored_parts(scored)), ("ZREM", gone))


def replace_hash(client: redis.Redis, key: str, values: Mapping[str, bytes]) -> None:
    """Put a whole hash in the place of an old one, at once; an empty one removes the key."""
    _replace(client, key, "HSET", _parts([part for entry in values.items() for part in entry]))


def update_hash(client: redis.Redis, key: str, values: Mapping[str, bytes], gone: Sequence[int]) -> None:
    """Set some fields of a hash and remove others."""
    _update(client, key, ("HSET", _parts([part for entry in values.items() for part in entry])), ("HDEL", gone))


Parts: TypeAlias = Iterator[Sequence[bytes | str | int]]
"""Arguments of one command each."""


def _scored_parts(scored: Scored) -> Parts:
    """Scores and members by turns, as text: numbers that redis-py writes one by one take three times as long."""
    members, scores = scored
    texts: list[bytes] = [b""] * (2 * len(members))
    texts[::2], texts[1::2] = _texts(scores), _texts(members)
    for at in np.flatnonzero(np.isinf(scores)).tolist():  # JSON has no infinity
        texts[2 * at] = b"inf" if scores[at] > 0 else b"-inf"
    return _parts(texts)


def _texts(numbers: Floats | Ints) -> list[bytes]:
    """Each number as the shortest text that means it."""
    text = orjson.dumps(np.ascontiguousarray(numbers), option=orjson.OPT_SERIALIZE_NUMPY)
    return text[1:-1].split(b",") if len(numbers) else []


def _parts(arguments: Sequence[bytes | str]) -> Parts:
    return (arguments[start : start + 2 * CHUNK] for start in range(0, len(arguments), 2 * CHUNK))


def _update(client: redis.Redis, key: str, written: tuple[str, Parts], removed: tuple[str, Sequence[int]]) -> None:
    pipe = client.pipeline(transaction=False)
    command, parts = written
    for part in parts:
        pipe.execute_command(command, key, *part)  # type: ignore[no-untyped-call]
    command, gone = removed
    for start in range(0, len(gone), CHUNK):
        pipe.execute_command(command, key, *gone[start : start + CHUNK])  # type: ignore[no-untyped-call]
    pipe.execute()


def _replace(client: redis.Redis, key: str, command: str, parts: Parts) -> None:
    """Write beside a key, where no other process writes at the same time, then put it in its place; without parts remove the key."""
    pipe, fresh = client.pipeline(transaction=False), f"{key}:fresh:{uuid4().hex}"
    for part in parts:
        pipe.execute_command(command, fresh, *part)  # type: ignore[no-untyped-call]
        pipe.expire(fresh, LEFTOVER_SECONDS)
    if len(pipe):
        pipe.rename(fresh, key)
        pipe.persist(key)
    else:
        pipe.delete(key)
    pipe.execute()


def heartbeat(client: redis.Redis, worker: str, now: float) -> bool:
    """Note that a worker is alive; forget those silent for an hour. Returns whether Redis did not know it."""
    pipe = client.pipeline(transaction=False)
    pipe.zadd(WORKERS, {worker: now})
    pipe.zremrangebyscore(WORKERS, "-inf", now - 3600)
    added, _ = pipe.execute()
    return bool(added)


def describe(client: redis.Redis, worker: str, text: bytes) -> None:
    """Note what a worker does; kept for as long as its heartbeat may be found."""
    client.set(WORKER.format(worker), text, ex=3600)


def take_description(client: redis.Redis, worker: str) -> bytes | None:
    """What a worker did that is gone; whoever asks first gets it."""
    found = client.getdel(WORKER.format(worker))
    return found if isinstance(found, bytes) else None


def leave(client: redis.Redis, worker: str) -> None:
    """Forget a worker that ended in good order."""
    pipe = client.pipeline(transaction=False)
    pipe.zrem(WORKERS, worker)
    pipe.delete(WORKER.format(worker))
    pipe.execute()


def orphans(client: redis.Redis, since: float) -> list[str]:
    """Workers whose last heartbeat is older than `since`."""
    found: Any = client.zrangebyscore(WORKERS, "-inf", f"({since}")
    return [member.decode() for member in found]


def set_latest(client: redis.Redis, messages: Iterable[Mapping[str, Any]]) -> None:
    """Set `price:latest` without publishing."""
    arguments = [part for message in messages for part in (LATEST.format(message["item_id"]), orjson.dumps(message))]
    for part in _parts(arguments):
        client.execute_command("MSET", *part)  # type: ignore[no-untyped-call]


def latest_items(client: redis.Redis) -> set[int]:
    """The items that have a `price:latest`."""
    names = (key.rpartition(b":")[2] for key in client.scan_iter(LATEST.format("*"), count=CHUNK))
    return {int(name) for name in names if name.isdigit()}


def all_latest(client: redis.Redis) -> dict[int, Any]:
    """Every item's `price:latest`; of one that is no JSON, its beginning as its price."""
    items = list(latest_items(client))
    found: dict[int, Any] = {}
    for start in range(0, len(items), CHUNK):
        part = items[start : start + CHUNK]
        texts: Any = client.mget([LATEST.format(item) for item in part])
        found |= {item: _json(text) for item, text in zip(part, texts, strict=True) if text is not None}
    return found


def forget_latest(client: redis.Redis, item_ids: Iterable[int]) -> None:
    """Remove the `price:latest` of items."""
    keys = [LATEST.format(item_id) for item_id in item_ids]
    if keys:
        client.delete(*keys)


def _json(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return {"price": f"no JSON: {text[:40]!r}"}
