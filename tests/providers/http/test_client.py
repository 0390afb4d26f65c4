import asyncio
import gc
import time
from typing import Any

import pytest

from app.providers.base import ProviderError
from app.providers.http.client import MarketHttp
from app.providers.http.limiter import RateLimiter
from app.providers.http.options import HttpOptions
from app.providers.http.replies import Reply
from tests.patience import within

QUICK = HttpOptions(read_timeout=0.3, total_timeout=0.6, attempts=3, retry_wait=0.01, throttle_pause=0.02)
PATH = "/api/v1/listings/price-list"


def client(url: str, options: HttpOptions = QUICK) -> MarketHttp:
    return MarketHttp("test", url, limiter=RateLimiter(0, 0.0), options=options)


def get(http: MarketHttp, path: str = PATH, **options: Any) -> Reply:
    async def run() -> Reply:
        try:
            return await http.get(path, **options)
        finally:
            await http.aclose()

    return asyncio.run(run())


def refused(http: MarketHttp, path: str = PATH, **options: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        get(http, path, **options)
    return caught.value


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["500", "truncated", "silence", "drip"])
def test_what_does_not_pass_is_given_up_after_the_attempts(upstream: Any, kind: str) -> None:
    upstream.app.faults.add(kind)
    refused(client(upstream.url))
    assert len(upstream.app.seen) == 3


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["429", "html", "redirect", "cloudflare", "denied", "endless"])
def test_what_would_not_get_better_is_asked_once(upstream: Any, kind: str) -> None:
    upstream.app.faults.add(kind)
    patient = HttpOptions(
        attempts=3, retry_wait=0.01, throttle_pause=0.02
    )  # a busy machine must not look like a slow market
    refused(client(upstream.url, patient))
    assert len(upstream.app.seen) == 1


def test_a_refused_connection_is_a_network_error() -> None:
    error = refused(client("http://127.0.0.1:9"))
    assert error.kind == "network"
    assert "GET /api/v1/listings/price-list" in str(error)


def test_a_redirect_is_named_without_its_query(upstream: Any) -> None:
    upstream.app.faults.add("redirect")
    error = refused(client(upstream.url))
    assert str(error).endswith("302 to steamcommunity.com/login/home/ where JSON was expected")


def test_a_body_of_just_the_limit_passes_and_one_byte_more_does_not(upstream: Any) -> None:
    size = len(get(client(upstream.url)).body)
    assert len(get(client(upstream.url, HttpOptions(max_body=size))).body) == size
    assert refused(client(upstream.url, HttpOptions(max_body=size - 1))).kind == "too_large"


@pytest.mark.slow
def test_an_unpacked_body_counts_not_the_packed_one(upstream: Any) -> None:
    upstream.app.faults.add("bomb", size=50_000_000)
    begun = time.monotonic()
    assert refused(client(upstream.url, HttpOptions(max_body=1_000_000))).kind == "too_large"
    assert time.monotonic() - begun < within(2)


def test_the_pause_grows_while_nothing_says_how_long(upstream: Any) -> None:
    upstream.app.faults.add("429", times=3)
    http = client(upstream.url)
    assert [refused(http).retry_after for _ in range(3)] == [0.02, 0.04, 0.08]
    assert [get(http).status for _ in range(2)] == [200, 200]
    upstream.app.faults.add("429", times=1)
    assert refused(http).retry_after == 0.02


def test_a_retry_after_date_is_obeyed(upstream: Any) -> None:
    upstream.app.faults.add("429", retry_after="Fri, 01 Jan 2100 00:00:00 GMT")
    error = refused(client(upstream.url))
    assert error.retry_after == 86_400  # never longer than a day


def test_conditional_requests(upstream: Any) -> None:
    http = client(upstream.url)
    first = get(http, "/latest/steam.json")
    assert not first.not_modified
    again = get(http, "/latest/steam.json", headers={"If-None-Match": first.headers["etag"]})
    assert again.not_modified
    assert again.body == b""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_client_serves_several_event_loops(upstream: Any) -> None:
    http = client(upstream.url)

    async def leave_open() -> int:
        return (await http.get(PATH)).status

    assert asyncio.run(leave_open()) == 200
    assert get(http).status == 200
    gc.collect()  # the first loop's connection warns here, not in some other test


@pytest.mark.parametrize("url", ["", "ftp://x", "api.skinport.com", "http://", "file:///etc/passwd"])
def test_only_http_addresses(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        client(url)
