"""Moving windows, in Redis and in the process: both must say the same."""

import math
import time
from itertools import pairwise
from typing import Protocol

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.security.access import Group
from app.security.moving_window import LocalWindows, SharedWindows, Verdict
from app.settings import Settings
from app.settings.rate_limits import Limit
from app.settings.security import COUNTED
from tests.patience import within


class Windows(Protocol):
    def hit(self, key: str, limit: Limit) -> Verdict: ...


@pytest.fixture(params=["redis", "process"])
def windows(request: pytest.FixtureRequest, redis_client: redis.Redis) -> Windows:
    return SharedWindows(redis_client) if request.param == "redis" else LocalWindows()


def test_exactly_the_limit_passes(windows: Windows) -> None:
    limit = Limit(5, 60)
    verdicts = [windows.hit("a", limit) for _ in range(7)]
    assert [verdict.passed for verdict in verdicts] == [True] * 5 + [False] * 2
    assert [verdict.remaining for verdict in verdicts] == [4, 3, 2, 1, 0, 0, 0]
    assert {verdict.wait for verdict in verdicts} <= {59, 60}
    assert windows.hit("b", limit).passed


@pytest.mark.slow
def test_the_window_moves(windows: Windows) -> None:
    """Never more than two in any second, whatever second that is; and who waits as told is let in."""
    limit, passed = Limit(2, 1), []
    deadline = time.monotonic() + 3.5
    while (now := time.monotonic()) < deadline:
        if windows.hit("a", limit).passed:
            passed.append(now)
        time.sleep(0.02)
    assert all(third - first > 0.95 for first, third in zip(passed, passed[2:], strict=False))
    assert len(passed) >= 6
    assert all(later > earlier for earlier, later in pairwise(passed))


@pytest.mark.slow
def test_wait_is_exact_to_the_second(windows: Windows) -> None:
    limit = Limit(1, 2)
    assert windows.hit("a", limit).passed
    refused = windows.hit("a", limit)
    assert (refused.passed, refused.wait) == (False, 2)
    time.sleep(refused.wait - 1)
    early = windows.hit("a", limit)
    assert (early.passed, early.wait) == (False, 1)
    time.sleep(early.wait)
    assert windows.hit("a", limit).passed


@pytest.mark.slow
def test_refused_requests_do_not_lengthen_the_wait(windows: Windows) -> None:
    limit = Limit(1, 1)
    assert windows.hit("a", limit).passed
    start = time.monotonic()
    while not windows.hit("a", limit).passed:
        assert time.monotonic() - start < within(1.5)
        time.sleep(0.01)


def test_a_lower_limit_counts_at_once(windows: Windows) -> None:
    assert all(windows.hit("a", Limit(10, 60)).passed for _ in range(5))
    assert not windows.hit("a", Limit(3, 60)).passed


# Quarters of a second, which floats hold exactly: the test is about windows, not about rounding.
@given(
    st.lists(st.integers(0, 16).map(lambda quarters: quarters / 4), max_size=60), st.integers(1, 5), st.integers(1, 5)
)
def test_no_span_ever_holds_more(steps: list[float], amount: int, seconds: int) -> None:
    now = 0.0
    windows = LocalWindows(clock=lambda: now)
    passed: list[float] = []
    for step in steps:
        now += step
        verdict = windows.hit("a", Limit(amount, seconds))
        inside = [at for at in passed if at > now - seconds]
        assert verdict.passed is (len(inside) < amount)
        if verdict.passed:
            passed.append(now)
            inside.append(now)
        assert verdict.remaining == amount - len(inside)
        assert verdict.wait == math.ceil(inside[0] + seconds - now)


@pytest.mark.slow
def test_ten_thousand_addresses_are_forgotten_with_their_window(redis_client: redis.Redis) -> None:
    windows, limit = SharedWindows(redis_client), Limit(120, 2)
    before = redis_client.info("memory")["used_memory"]
    start = time.monotonic()
    for number in range(10_000):
        windows.hit(f"ratelimit:{{json}}:ip:10.0.{number // 256}.{number % 256}", limit)
    grown = redis_client.info("memory")["used_memory"] - before
    assert grown < 10_000 * 400
    time.sleep(max(0.0, start + 2 * limit.seconds + 1 - time.monotonic()))
    deadline = time.monotonic() + 20
    while redis_client.dbsize():
        # Redis looks for ended keys ten times a second; a look at each ends it too.
        assert time.monotonic() < deadline, f"{redis_client.dbsize()} keys outlive their window"
        time.sleep(0.2)
    assert redis_client.info("memory")["used_memory"] - before < 10_000 * 40


def test_one_address_holds_no_more_than_its_limit(redis_client: redis.Redis) -> None:
    windows, limit = SharedWindows(redis_client), Limit(50, 60)
    for _ in range(300):
        windows.hit("ratelimit:{json}:ip:10.0.0.1", limit)
    assert redis_client.llen("ratelimit:{json}:ip:10.0.0.1") == 50
    assert 0 < redis_client.pttl("ratelimit:{json}:ip:10.0.0.1") <= 60_000


def test_the_process_remembers_a_bounded_number_of_addresses() -> None:
    windows = LocalWindows(most=100)
    for number in range(1000):
        windows.hit(f"ip:{number}", Limit(5, 60))
    assert sum(len(span) for span in windows._spans.values()) == 100


@pytest.mark.parametrize(
    "text", ["", "5", "5/", "/5", "-1/5", "5/0", "0/5", "5/60/1", "many", "2000000/60", "5/100000"]
)
@pytest.mark.parametrize("group", [COUNTED[0]])
def test_a_limit_that_means_nothing_is_refused(text: str, group: Group) -> None:
    with pytest.raises(ValidationError):
        Settings(_env_file=None, **{f"limit_{group}": text})  # type: ignore[arg-type]


def test_limits_are_settings() -> None:
    limits = Settings(_env_file=None, limit_json="0", limit_import="2/30").limits()
    assert limits[Group.JSON] is None
    assert limits[Group.IMPORT] == Limit(2, 30)
    assert limits[Group.SIGN_IN] == Limit(10, 300)
