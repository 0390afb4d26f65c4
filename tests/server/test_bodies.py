"""Bodies of requests: how large, how deep, how slow."""

import contextlib
import socket
import time

import orjson
import pytest

from app.security import body_limits
from app.server.bounds import HttpBounds
from tests.conftest import Site
from tests.patience import within
from tests.server.wire import address, ask, connected, error_of, memory_of, read_all, seconds_of, send, status_of

BOUNDS = HttpBounds()
MEGABYTE = 1024 * 1024
MORE_THAN_THREADS = 40


def post(path: str, length: int, *more: bytes) -> bytes:
    return b"\r\n".join(
        [b"POST %s HTTP/1.1" % path.encode(), b"Host: x", b"Content-Length: %d" % length, *more, b"", b""]
    )


@pytest.mark.slow
def test_half_sent_bodies_take_no_thread_and_end(live_site: Site) -> None:
    with contextlib.ExitStack() as held:
        half = [held.enter_context(connected(live_site)) for _ in range(MORE_THAN_THREADS)]
        begun = time.monotonic()
        for number, one in enumerate(half):
            one.sendall(post(("/_dash-update-component", "/api/v1/auth/local")[number % 2], 100) + b"{")
        time.sleep(0.3)
        for path in ("/healthz", "/", "/api/v1/items?limit=1", "/readyz"):
            assert seconds_of(live_site, path) < within(2), path
        while time.monotonic() - begun < BOUNDS.body_seconds - 1:
            for one in half:
                one.sendall(b" ")
            time.sleep(0.5)
        replies = [read_all(one) for one in half]
        assert {status_of(reply) for reply in replies} == {408}
        assert time.monotonic() - begun < BOUNDS.body_seconds + 5


def test_a_slow_body_that_comes_at_its_rate_is_served(live_site: Site) -> None:
    with connected(live_site) as one:
        one.sendall(post("/api/v1/nothing", 5, b"Connection: close"))
        for letter in b"hello":
            time.sleep(0.3)
            one.sendall(bytes([letter]))
        assert status_of(read_all(one)) == 404


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "bound"),
    [
        ("/_dash-update-component", body_limits.CALLBACK),
        ("/api/v1/auth/local", body_limits.DEFAULT),
        ("/api/v1/portfolio/restore", body_limits.FILE),
        ("/api/v1/portfolio/transactions/csv", body_limits.FILE),
    ],
)
def test_a_body_larger_than_its_route_s_is_refused_unread(
    live_site: Site, path: str, bound: body_limits.BodyLimit
) -> None:
    reply = send(live_site, post(path, bound.size + 1))
    assert (status_of(reply), str(bound.size) in error_of(reply)) == (413, True)
    status, _, body = ask(live_site, "POST", path, b"x" * (bound.size + 1), Content_Type="application/json")
    assert (status, str(bound.size) in orjson.loads(body)["error"]) == (413, True)


@pytest.mark.slow
def test_a_body_without_a_length_is_bounded_as_it_comes(live_site: Site) -> None:
    head = b"POST /api/v1/auth/local HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    assert status_of(send(live_site, head, *[chunk] * 20)) == 413


def test_a_chunked_body_arrives_whole(live_site: Site) -> None:
    head = (
        b"POST /_dash-update-component HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: application/json\r\nConnection: close\r\n\r\n"
    )
    text = b'{"output":"nothing.children"}'
    chunks = b"".join(b"1\r\n" + bytes([letter]) + b"\r\n" for letter in text) + b"0\r\n\r\n"
    reply = send(live_site, head + chunks)
    assert (status_of(reply), error_of(reply)) == (403, "nobody may call this")


@pytest.mark.slow
def test_large_uploads_are_not_kept_in_memory(live_site: Site) -> None:
    before = memory_of(live_site)
    with contextlib.ExitStack() as held:
        uploads = [held.enter_context(connected(live_site)) for _ in range(8)]
        for one in uploads:
            one.sendall(post("/api/v1/portfolio/restore", body_limits.FILE.size) + b"x" * (body_limits.FILE.size - 1))
        time.sleep(0.5)
        assert memory_of(live_site) - before < 40 * MEGABYTE
        for one in uploads:
            one.sendall(b"x")
        assert {status_of(one.recv(65536)) for one in uploads} == {401}


def test_a_client_that_sends_on_after_its_answer_is_cut(live_site: Site) -> None:
    with socket.create_connection(address(live_site), 30) as one:
        one.sendall(post("/api/v1/auth/local", 10**12))
        assert status_of(one.recv(65536)) == 413
        with pytest.raises(ConnectionError):  # noqa: PT012 - the send that fails is not known
            for _ in range(200):
                one.sendall(b"x" * MEGABYTE)


@pytest.mark.parametrize("deep", [65, 160, 900, 100_000])
def test_deep_json_is_refused_before_anything_walks_it(live_site: Site, deep: int) -> None:
    value = b"[" * deep + b"]" * deep
    body = b'{"output":"search-body.children","inputs":[{"id":"search-input","property":"value","value":%s}]}' % value
    begun = time.monotonic()
    for path in ("/_dash-update-component", "/api/v1/portfolio/what-if", "/api/v1/auth/local"):
        status, _, reply = ask(live_site, "POST", path, body, Content_Type="application/json")
        assert (status in {400, 401}, reply.count(b"\n")) == (True, 0), (path, status)
    assert time.monotonic() - begun < within(2)
