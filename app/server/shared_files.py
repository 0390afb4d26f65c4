"""Static files: answered on the event loop from one buffer each, which all clients share (decision 0029)."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from dash.fingerprint import check_fingerprint

from app.content_encoding import choose

Header = tuple[bytes, bytes]
MAX_BYTES: Final = 64 * 1024 * 1024
ASSETS: Final = "/assets/"
LIBRARIES: Final = "/_dash-component-suites/"
_UNSTORED_HEADERS: Final = frozenset({b"date", b"connection"})
_OMITTED_FROM_304: Final = frozenset({b"content-length", b"content-encoding", b"content-type"})

Key = tuple[str, bool, str | None]


class Answer(NamedTuple):
    """An answer as it is sent: status, headers, and the bytes that every client gets."""

    status: int
    headers: list[Header]
    body: bytes


class SharedFiles:
    """Stores whole answers of files, at most `max_bytes` bytes; the least recently used one is dropped first."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._size = 0
        self._answers: OrderedDict[Key, tuple[Answer, bytes]] = OrderedDict()
        self._bodies: dict[bytes, bytes] = {}
        self._building: dict[Key, asyncio.Event] = {}

    def find(self, scope: MutableMapping[str, Any]) -> Answer | None:
        """The answer to a request, 304 where the client has the file; None where it is not stored."""
        key = key_of(scope)
        found = None if key is None else self._answers.get(key)
        if key is None or found is None:
            return None
        self._answers.move_to_end(key)
        answer = found[0]
        if not _is_fresh(scope, answer):
            return answer
        return Answer(304, [header for header in answer.headers if header[0] not in _OMITTED_FROM_304], b"")

    def store(self, scope: MutableMapping[str, Any], answer: Answer) -> Answer:
        """Store a file's answer; the returned one shares its body with all others of the same content."""
        key = key_of(scope)
        private = any(name == b"set-cookie" for name, _ in answer.headers)
        if (
            key is None
            or scope["method"] != "GET"
            or answer.status != HTTPStatus.OK
            or private
            or len(answer.body) > self._max_bytes
        ):
            return answer
        digest = hashlib.blake2b(answer.body, digest_size=16).digest()
        body = self._bodies.setdefault(digest, answer.body)
        shared = Answer(
            answer.status, [header for header in answer.headers if header[0] not in _UNSTORED_HEADERS], body
        )
        self._forget(key)
        self._answers[key] = (shared, digest)
        self._size += len(body)
        while self._size > self._max_bytes:
            self._forget(next(iter(self._answers)))
        return shared

    @asynccontextmanager
    async def building(self, scope: MutableMapping[str, Any]) -> AsyncIterator[None]:
        """Let one request at a time build a file's answer; those that waited may find it stored."""
        key = key_of(scope)
        if key is None:
            yield
            return
        while (other := self._building.get(key)) is not None:
            await other.wait()
        self._building[key] = asyncio.Event()
        try:
            yield
        finally:
            self._building.pop(key).set()

    def _forget(self, key: Key) -> None:
        dropped = self._answers.pop(key, None)
        if dropped is None:
            return
        answer, digest = dropped
        self._size -= len(answer.body)
        if all(other != digest for _, other in self._answers.values()):
            self._bodies.pop(digest, None)


def key_of(scope: MutableMapping[str, Any]) -> Key | None:
    """The cache key: path, whether it is immutable, encoding, whatever fingerprint or query is sent; None for no file."""
    path: str = scope["path"]
    if scope["method"] not in {"GET", "HEAD"} or not path.startswith((ASSETS, LIBRARIES)):
        return None
    headers = dict(scope["headers"])
    if b"range" in headers:
        return None
    if path.startswith(LIBRARIES):
        path, is_immutable = check_fingerprint(path)  # type: ignore[no-untyped-call]
    else:
        is_immutable = any(part.startswith(b"m=") for part in scope["query_string"].split(b"&"))
    return path, is_immutable, choose(headers.get(b"accept-encoding", b"").decode("latin-1"))


def _is_fresh(scope: MutableMapping[str, Any], answer: Answer) -> bool:
    """Whether the client's copy is this one, as its conditional headers say."""
    requested, stored = dict(scope["headers"]), dict(answer.headers)
    tags = requested.get(b"if-none-match")
    if tags is not None:
        tag = stored.get(b"etag", b"").removeprefix(b"W/")
        return bool(tag) and tag in {part.strip().removeprefix(b"W/") for part in tags.split(b",")}
    since = requested.get(b"if-modified-since")
    return since is not None and since == stored.get(b"last-modified")
