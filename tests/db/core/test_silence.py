"""Time-outs and the circuit breaker: for requests, and not for jobs."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from threading import Barrier, Thread

import psycopg
import pytest
import redis

from db.core.breaker import Breaker
from db.core.pool import Database, DatabaseDownError
from db.core.redis import BreakerOpenError, FailFastRedis, connect_fail_fast
from tests.patience import within


@pytest.fixture
def hasty(database_url: str) -> Iterator[Database]:
    """A pool of one: a larger one opens a second connection while the first is slow to come, and may answer with it."""
    pool = Database(database_url, size=1, wait=0.5, answer_within=0.5, breaker=Breaker(0.5))
    yield pool
    pool.close()


@pytest.fixture
def silent() -> Iterator[str]:
    """A Redis that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def took(begun: float) -> float:
    return time.monotonic() - begun


def test_a_probe_goes_alone_and_decides() -> None:
    breaker = Breaker(0.1)
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    time.sleep(0.12)
    assert [breaker.allows() for _ in range(5)] == [True, False, False, False, False]
    breaker.failed()
    assert not breaker.allows()
    time.sleep(0.12)
    assert breaker.allows()
    breaker.succeeded()
    assert all(breaker.allows() for _ in range(5))


def test_of_many_at_once_one_probes() -> None:
    breaker, start, passed = Breaker(0.05), Barrier(20), list[bool]()
    breaker.failed()
    time.sleep(0.1)

    def ask() -> None:
        start.wait()
        passed.append(breaker.allows())

    threads = [Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 1


def ask(client: FailFastRedis) -> float:
    begun = time.monotonic()
    with pytest.raises(redis.RedisError, match="Redis does not answer"):
        client.get("a")
    return took(begun)


@pytest.mark.slow
def test_a_silent_redis_is_asked_by_one_client_only(silent: str) -> None:
    breaker = Breaker(1.0)
    first, second = (connect_fail_fast(silent, within=0.4, breaker=breaker) for _ in range(2))
    assert 0.3 < ask(first) < 0.9
    assert ask(first) < 0.1
    assert ask(second) < 0.1
    pipe = second.pipeline()
    pipe.get("a")
    with pytest.raises(BreakerOpenError):
        pipe.execute()
    time.sleep(1.05)
    assert 0.3 < ask(second) < 0.9
    assert ask(first) < 0.1


def test_an_error_of_redis_is_an_answer(endpoints: object, redis_client: redis.Redis) -> None:
    del endpoints
    redis_client.set("text", "a")
    breaker = Breaker()
    client = connect_fail_fast("redis://unused", within=1, breaker=breaker)
    client.connection_pool = redis_client.connection_pool
    for _ in range(2):
        with pytest.raises(redis.ResponseError):
            client.lpush("text", "b")
    assert client.get("text") == b"a"


def test_a_slow_statement_ends_and_leaves_the_connection_usable(hasty: Database) -> None:
    begun = time.monotonic()
    with pytest.raises(DatabaseDownError, match="statement timeout"):
        hasty.row("SELECT pg_sleep(5)")
    assert took(begun) < within(1)
    assert hasty.row("SELECT 1 AS one") == {"one": 1}, "a slow statement is no silence"


def test_a_statement_that_may_take_longer_does_and_later_ones_do_not(hasty: Database) -> None:
    with hasty.connection(answer_within=5) as connection:
        connection.execute("SELECT pg_sleep(0.9)")
    with pytest.raises(DatabaseDownError):
        hasty.row("SELECT pg_sleep(0.9)")


def test_jobs_take_as_long_as_they_take(database: Database) -> None:
    assert database.row("SELECT pg_sleep(1.5)") is not None
    assert database.row("SHOW statement_timeout") == {"statement_timeout": "0"}


def test_a_silent_backend_is_given_up_and_replaced(hasty: Database, database_url: str) -> None:
    found = hasty.row("SELECT pg_backend_pid() AS pid")
    assert found
    os.kill(found["pid"], signal.SIGSTOP)
    try:
        begun = time.monotonic()
        with pytest.raises(DatabaseDownError):
            hasty.row("SELECT 1")
        assert took(begun) < within(1.2)
        begun = time.monotonic()
        with pytest.raises(DatabaseDownError, match="a moment ago"):
            hasty.row("SELECT 1")
        assert took(begun) < within(0.1)
        time.sleep(0.6)
        assert hasty.row("SELECT 1 AS one") == {"one": 1}
    finally:
        os.kill(found["pid"], signal.SIGCONT)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.slow
def test_a_server_that_takes_connections_and_says_nothing(silent: str) -> None:
    port = silent.split(":")[2].split("/", maxsplit=1)[0]
    pool = Database(
        f"postgresql://nobody@127.0.0.1:{port}/none", size=2, wait=0.5, answer_within=0.5, breaker=Breaker()
    )
    begun = time.monotonic()
    with pytest.raises(DatabaseDownError):
        pool.row("SELECT 1")
    assert took(begun) < within(1)
    begun = time.monotonic()
    with pytest.raises(DatabaseDownError):
        pool.row("SELECT 1")
    assert took(begun) < within(0.1)
    pool.close()
