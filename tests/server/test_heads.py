"""Heads of requests: how long, how many, how slow."""

import time

import pytest

from app.server.bounds import HttpBounds
from tests.conftest import Site
from tests.server.wire import connected, error_of, memory_of, read_all, send, status_of

BOUNDS = HttpBounds()
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
MEGABYTE = 1024 * 1024


def many(count: int, size: int = 1) -> bytes:
    return b"".join(b"x-%d: %s\r\n" % (number, b"a" * size) for number in range(count))


@pytest.mark.parametrize(
    ("head", "status", "word"),
    [
        (b"GET /" + b"a" * BOUNDS.request_line + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "address"),
        (b"GET /?" + b"a" * 10 * MEGABYTE, 414, "address"),
        (GET + b"x-long: " + b"a" * BOUNDS.header + b"\r\n\r\n", 431, "header"),
        (GET + many(BOUNDS.headers) + b"\r\n", 431, "headers"),
        (GET + many(90, 1000) + b"\r\n", 431, "together"),
        (GET + b"x-endless: " + b"a" * 10 * MEGABYTE, 431, "head"),
        (GET + b"a" * 10 * MEGABYTE, 431, "head"),
        (b"\x00\x01\x02\r\n\r\n", 400, "valid"),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, "valid"),
        (b"GET \xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", 400, "valid"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str | int) else "",
)
def test_a_head_beyond_its_bounds_is_answered_and_ended(live_site: Site, head: bytes, status: int, word: str) -> None:
    reply = send(live_site, head)
    assert status_of(reply) == status
    assert word in error_of(reply)
    assert b"nosniff" in reply


def test_a_head_within_its_bounds_is_served(live_site: Site) -> None:
    reply = send(live_site, GET + many(BOUNDS.headers - 3, 400) + b"Connection: close\r\n\r\n")
    assert status_of(reply) == 200


def test_sixty_megabytes_of_small_headers_cost_nothing(live_site: Site) -> None:
    before = memory_of(live_site)
    for _ in range(4):
        assert status_of(send(live_site, GET, *[many(20_000, 40)] * 15)) == 431
    assert memory_of(live_site) - before < 20 * MEGABYTE


@pytest.mark.parametrize(
    "rest",
    [b"5\r\nhello\r\n0\r\n" + many(200) + b"\r\n", b"5;" + b"a" * 10 * MEGABYTE, b"0\r\nx: " + b"a" * 10 * MEGABYTE],
    ids=["trailers", "chunk extension", "endless trailer"],
)
def test_what_stands_behind_a_chunked_body_is_bounded_too(live_site: Site, rest: bytes) -> None:
    head = b"POST /api/v1/nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    before = memory_of(live_site)
    # The answer may be on its way already; what matters is that the connection ends.
    assert status_of(send(live_site, head, rest)) in {0, 404, 431}
    assert memory_of(live_site) - before < 20 * MEGABYTE


def test_a_flood_of_pipelined_requests_is_ended(live_site: Site) -> None:
    reply = send(live_site, (GET + b"\r\n") * 10_000)
    assert reply.count(b"HTTP/1.1 200") <= 2 * BOUNDS.pipelined


def test_a_few_pipelined_requests_are_answered_in_order(live_site: Site) -> None:
    version = b"GET /version HTTP/1.1\r\nHost: x\r\n"
    reply = send(live_site, GET + b"\r\n" + version + b"\r\n" + GET + b"Connection: close\r\n\r\n")
    assert reply.count(b"HTTP/1.1 200") == 3
    assert reply.index(b'"ok"') < reply.index(b"version") < reply.rindex(b'"ok"')


@pytest.mark.slow
def test_slow_heads_and_silent_connections_are_ended(live_site: Site) -> None:
    with connected(live_site) as silent, connected(live_site) as slow, connected(live_site) as blank:
        begun = time.monotonic()
        slow.sendall(GET)
        while time.monotonic() - begun < BOUNDS.head_seconds - 1:
            slow.sendall(b"x: 1\r\n")
            blank.sendall(b"\r\n")
            time.sleep(0.5)
        assert status_of(read_all(slow)) == 408
        assert (read_all(silent), read_all(blank)) == (b"", b"")
        assert time.monotonic() - begun < BOUNDS.head_seconds + 5
