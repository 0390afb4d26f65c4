"""Reply cache: JSON with an ETag, cached for a second, so that a popular address costs one query a second."""

import hashlib
from collections.abc import Callable
from threading import Lock
from typing import Any, Final

import orjson
from cachetools import TTLCache
from flask import Flask, Response, current_app, request

from app.content_encoding import MIN_SIZE, choose, compress

CACHE_SECONDS: Final = 1.0
CACHE_BYTES: Final = 64 * 1024 * 1024
EXTENSION: Final = "tracera.replies"


class Reply:
    """A body with its ETag, and what it is once compressed."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        # SHA-1 because processors have instructions for it: BLAKE2s took longer than all else for a long history.
        self.tag = hashlib.sha1(body, usedforsecurity=False).hexdigest()[:24]
        self._encoded: dict[str, bytes] = {}

    def encoded(self, encoding: str | None) -> bytes:
        """The body in a content encoding, compressed once; None for as it is."""
        if encoding is None:
            return self.body
        found = self._encoded.get(encoding)
        if found is None:
            found = self._encoded[encoding] = compress(self.body, encoding)
        return found


class ReplyCache:
    """Replies of the last second, by path and query."""

    def __init__(self) -> None:
        # Twice the size: each may be cached compressed as well.
        self._cached: TTLCache[str, Reply] = TTLCache(
            CACHE_BYTES, CACHE_SECONDS, getsizeof=lambda reply: 2 * len(reply.body)
        )
        self._lock = Lock()

    def get(self, key: str) -> Reply | None:
        """The reply, if it is of the last second."""
        with self._lock:
            return self._cached.get(key)

    def put(self, key: str, body: bytes) -> Reply:
        """Cache a body, unless it is too large."""
        reply = Reply(body)
        if len(body) < CACHE_BYTES // 8:
            with self._lock:
                self._cached[key] = reply
        return reply


def encode(value: Any) -> bytes:
    """JSON; times in UTC with a Z."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY)


def answer(make: Callable[[], Any], *, links: Callable[[Any], str | None] | None = None) -> Response:
    """The JSON of what `make` returns (bytes are JSON already), or 304 where the client has it.

    `links` turns the value into a Link header; such answers are not cached.
    """
    replies = _replies(current_app)
    key = request.full_path
    link = None
    reply = None if links else replies.get(key)
    if reply is None:
        value = make()
        link = links(value) if links else None
        body = value if isinstance(value, bytes) else encode(value)
        reply = Reply(body) if links else replies.put(key, body)
    response = _respond(reply)
    response.headers["Cache-Control"] = "public, no-cache"
    if link:
        response.headers["Link"] = link
    return response


def _respond(reply: Reply) -> Response:
    """The body as the client takes it; each encoding of it has an ETag of its own, and any of them will do for a 304."""
    encoding = choose(request.headers.get("Accept-Encoding", "")) if len(reply.body) >= MIN_SIZE else None
    tag = f"{reply.tag}:{encoding}" if encoding else reply.tag
    requested = request.if_none_match
    if requested.contains_weak(tag) or requested.contains_weak(reply.tag):
        response = Response(status=304)
    else:
        response = Response(reply.encoded(encoding), mimetype="application/json")
        if encoding:
            response.headers["Content-Encoding"] = encoding
    response.set_etag(tag)
    return response


def _replies(app: Flask) -> ReplyCache:
    found: ReplyCache | None = app.extensions.get(EXTENSION)
    return found or app.extensions.setdefault(EXTENSION, ReplyCache())
