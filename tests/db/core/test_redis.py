"""Whole keys of Redis are replaced at once, whoever else does the same."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import orjson
import pytest
import redis

from db.core import redis as cache
from db.embedded.servers import Endpoints

MEMBERS = np.arange(5000)
WRITERS = 4


def write(url: str, kind: str, number: int) -> None:
    with redis.Redis.from_url(url) as client:
        for _ in range(5):
            if kind == "zset":
                cache.replace_sorted(client, {"key": (MEMBERS, np.full(len(MEMBERS), float(number)))})
            else:
                cache.replace_hash(client, "key", dict.fromkeys(map(str, MEMBERS.tolist()), b"%d" % number))


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


def test_a_sorted_set_holds_each_score_to_the_last_bit(redis_client: redis.Redis) -> None:
    dice = np.random.default_rng(7)
    scores = np.append(
        dice.normal(size=4_500) * 10.0 ** dice.integers(-300, 300, 4_500), [np.inf, -np.inf, 0.0, 5e-324]
    )
    members = dice.permutation(2**31 - 1 - np.arange(len(scores)))
    cache.replace_sorted(redis_client, {"key": (members, scores), "gone": (members[:0], scores[:0])})
    assert _scores(redis_client) == dict(zip(members.tolist(), scores.tolist(), strict=True))
    cache.update_sorted(redis_client, "key", (members[:3], -scores[-3:]), members[3:].tolist())
    assert _scores(redis_client) == dict(zip(members[:3].tolist(), (-scores[-3:]).tolist(), strict=True))


def test_an_empty_set_or_hash_removes_its_key(redis_client: redis.Redis) -> None:
    redis_client.zadd("ranking", {"1": 1.0})
    redis_client.hset("rows", "1", "{}")
    cache.replace_sorted(redis_client, {"ranking": (np.empty(0, dtype=np.int64), np.empty(0))})
    cache.replace_hash(redis_client, "rows", {})
    assert redis_client.keys() == []


def test_messages_are_published_one_by_one_and_in_order(redis_client: redis.Redis) -> None:
    count = 2 * cache.PUBLISHED_AT_ONCE + 1
    with redis_client.pubsub(ignore_subscribe_messages=True) as heard:  # type: ignore[no-untyped-call]
        heard.subscribe("channel")
        heard.get_message(timeout=5)
        cache.publish_messages(redis_client, "channel", ({"number": number} for number in range(count)))
        found: list[Any] = [heard.get_message(timeout=5) for _ in range(count)]
    assert [orjson.loads(message["data"])["number"] for message in found] == list(range(count))


def _scores(client: redis.Redis) -> dict[int, float]:
    found: Any = client.zrange("key", 0, -1, withscores=True)
    return {int(member): score for member, score in found}
