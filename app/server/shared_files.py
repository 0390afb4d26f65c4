"""Static files: answered on the event loop from one buffer each, which all clients share (decision 0029)."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from dash.fingerprint import check_fingerprint

from app.content_encoding import choose

Header = tuple[bytes, bytes]
MOST: Final = 64 * 1024 * 1024
ASSETS: Final = "/assets/"
LIBRARIES: Final = "/_dash-component-suites/"
_NOT_KEPT: Final = frozenset({b"date", b"connection"})
_NOT_MODIFIED: Final = frozenset({b"content-length", b"content-encoding", b"content-type"})

Key = tuple[str, bool, str | None]


class Answer(NamedTuple):
    """An answer as it is sent: status, headers, and the bytes that every client gets."""

    status: int
    headers: list[Header]
    body: bytes


class SharedFiles:
    """Keeps whole answers of files, at most `most` bytes of them; the one not asked for longest is forgotten first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[Key, tuple[Answer, bytes]] = OrderedDict()
        self._bodies: dict[bytes, bytes] = {}
        self._making: dict[Key, asyncio.Event] = {}

    def find(self, scope: MutableMapping[str, Any]) -> Answer | None:
        """The answer to a request, 304 where the client has the file; None where it is not kept."""
        key = key_of(scope)
        found = None if key is None else self._kept.get(key)
        if key is None or found is None:
            return None
        self._kept.move_to_end(key)
        answer = found[0]
        if not _is_fresh(scope, answer):
            return answer
        return Answer(304, [header for header in answer.headers if header[0] not in _NOT_MODIFIED], b"")

    def keep(self, scope: MutableMapping[str, Any], answer: Answer) -> Answer:
        """Keep a file's answer; what is returned shares its body with every other that has the same."""
        key = key_of(scope)
        private = any(name == b"set-cookie" for name, _ in answer.headers)
        if key is None or scope["method"] != "GET" or answer.status != 200 or private or len(answer.body) > self._most:  # noqa: PLR2004
            return answer
        digest = hashlib.blake2b(answer.body, digest_size=16).digest()
        body = self._bodies.setdefault(digest, answer.body)
        shared = Answer(answer.status, [header for header in answer.headers if header[0] not in _NOT_KEPT], body)
        self._forget(key)
        self._kept[key] = (shared, digest)
        self._size += len(body)
        while self._size > self._most:
            self._forget(next(iter(self._kept)))
        return shared

    @asynccontextmanager
    async def making(self, scope: MutableMapping[str, Any]) -> AsyncIterator[None]:
        """Let one request at a time make a file's answer; those that waited may find it kept."""
        key = key_of(scope)
        if key is None:
            yield
            return
        while (other := self._making.get(key)) is not None:
            await other.wait()
        self._making[key] = asyncio.Event()
        try:
            yield
        finally:
            self._making.pop(key).set()

    def _forget(self, key: Key) -> None:
        dropped = self._kept.pop(key, None)
        if dropped is None:
            return
        answer, digest = dropped
        self._size -= len(answer.body)
        if all(other != digest for _, other in self._kept.values()):
            self._bodies.pop(digest, None)


def key_of(scope: MutableMapping[str, Any]) -> Key | None:
    """What tells files apart, whatever fingerprint or query a client makes up; None for what is no file."""
    path: str = scope["path"]
    if scope["method"] not in {"GET", "HEAD"} or not path.startswith((ASSETS, LIBRARIES)):
        return None
    headers = dict(scope["headers"])
    if b"range" in headers:
        return None
    if path.startswith(LIBRARIES):
        path, kept_for_good = check_fingerprint(path)  # type: ignore[no-untyped-call]
    else:
        kept_for_good = any(part.startswith(b"m=") for part in scope["query_string"].split(b"&"))
    return path, kept_for_good, choose(headers.get(b"accept-encoding", b"").decode("latin-1"))


def _is_fresh(scope: MutableMapping[str, Any], answer: Answer) -> bool:
    """Whether the client's copy is this one, as its conditional headers say."""
    asked, known = dict(scope["headers"]), dict(answer.headers)
    tags = asked.get(b"if-none-match")
    if tags is not None:
        tag = known.get(b"etag", b"").removeprefix(b"W/")
        return bool(tag) and tag in {part.strip().removeprefix(b"W/") for part in tags.split(b",")}
    since = asked.get(b"if-modified-since")
    return since is not None and since == known.get(b"last-modified")
