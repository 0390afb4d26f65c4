"""Whole keys of Redis are replaced at once, whoever else does the same."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from db.core import redis as cache
from db.embedded.servers import Endpoints

MEMBERS = [str(number) for number in range(5000)]
WRITERS = 4


def write(url: str, kind: str, number: int) -> None:
    with redis.Redis.from_url(url) as client:
        for _ in range(5):
            if kind == "zset":
                cache.replace_sorted(client, {"key": dict.fromkeys(MEMBERS, float(number))})
            else:
                cache.replace_hash(client, "key", dict.fromkeys(MEMBERS, b"%d" % number))


@pytest.mark.parametrize("kind", ["zset", "hash"])
def test_several_at_once_do_not_disturb_each_other(kind: str, endpoints: Endpoints, redis_client: redis.Redis) -> None:
    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(lambda number: write(endpoints.redis_url, kind, number), range(WRITERS)))
    assert redis_client.keys() == [b"key"]
    assert redis_client.ttl("key") == -1
    held: Any = (
        redis_client.zrange("key", 0, -1, withscores=True) if kind == "zset" else redis_client.hgetall("key").items()
    )
    assert len(held) == len(MEMBERS)
    assert len({value for _, value in held}) == 1
