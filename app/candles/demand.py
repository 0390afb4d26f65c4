"""Demand: which pairs somebody has open, and how far the history of each has come; told between processes through Redis."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

import orjson
import redis

WATCHED: Final = "exchange:watched"
"""Redis key: pairs that somebody has open, scored by when a process last said so (seconds since 1970)."""
HISTORY: Final = "exchange:history:{}"
"""Redis key of how a pair's history comes in, as JSON; it is gone when all is there."""
HISTORY_SECONDS: Final = 900
KEEP_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the parts of a pair's history are in; none of them while it has to wait, which `waits` says why."""

    done: int
    total: int
    waits: str | None = None


def tell_watched(client: redis.Redis, item_ids: Collection[int], now: float) -> None:
    """These pairs are open in this process now.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    if item_ids:
        client.zadd(WATCHED, {str(item_id): now for item_id in item_ids})


def watched(client: redis.Redis, since: float) -> list[int]:
    """Items that somebody had open at `since` or later, those heard of last first.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    pipe = client.pipeline(transaction=False)
    pipe.zremrangebyscore(WATCHED, "-inf", since - KEEP_SECONDS)
    pipe.zrevrangebyscore(WATCHED, "+inf", since)
    return [int(member) for member in pipe.execute()[1]]


def save_progress(client: redis.Redis, item_id: int, progress: Progress | None) -> None:
    """Say how a pair's history comes in; None when all of it is there.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    key = HISTORY.format(item_id)
    if progress is None:
        client.delete(key)
    else:
        client.set(key, orjson.dumps(asdict(progress)), ex=HISTORY_SECONDS)


def progress_of(client: redis.Redis, item_id: int) -> Progress | None:
    """How a pair's history comes in; None where nothing of it is under way.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    text = cast("bytes | None", client.get(HISTORY.format(item_id)))
    if text is None:
        return None
    found: dict[str, Any] = orjson.loads(text)
    return Progress(found["done"], found["total"], found["waits"])
