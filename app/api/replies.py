"""Answers: JSON bytes with an ETag, kept for a moment, so that a popular address costs one query a second."""

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from threading import Lock
from typing import Any, Final

import orjson
from cachetools import TTLCache
from flask import Flask, Response, current_app, request
from pydantic import BaseModel, ConfigDict, Field, RootModel

KEEP_SECONDS: Final = 1.0
KEEP_BYTES: Final = 64 * 1024 * 1024
EXTENSION: Final = "tracera.replies"


class Problem(BaseModel):
    """What went wrong."""

    error: str = Field(description="One sentence.")


class Query(BaseModel):
    """Query values; an unknown name is an error, never ignored."""

    model_config = ConfigDict(extra="forbid")


class Row(RootModel[dict[str, Any]]):
    """An object."""


class Rows(RootModel[list[dict[str, Any]]]):
    """An array of objects."""


PROBLEMS: Final[dict[str | int | HTTPStatus, type[BaseModel] | dict[Any, Any] | None]] = {
    400: Problem,
    404: Problem,
    503: Problem,
}


class Replies:
    """Bodies of the last second, by the whole question asked: path and every query value."""

    def __init__(self) -> None:
        self._kept: TTLCache[str, tuple[bytes, str]] = TTLCache(
            KEEP_BYTES, KEEP_SECONDS, getsizeof=lambda kept: len(kept[0])
        )
        self._lock = Lock()

    def get(self, key: str) -> tuple[bytes, str] | None:
        """Body and ETag, if they are of the last second."""
        with self._lock:
            return self._kept.get(key)

    def put(self, key: str, body: bytes) -> tuple[bytes, str]:
        """Keep a body, if it fits at all."""
        entry = (body, hashlib.blake2s(body, digest_size=12).hexdigest())
        if len(body) < KEEP_BYTES // 4:
            with self._lock:
                self._kept[key] = entry
        return entry


def encode(value: Any) -> bytes:
    """JSON; times in UTC with a Z."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY)


def answer(make: Callable[[], Any], *, links: Callable[[Any], str | None] | None = None) -> Response:
    """The JSON of what `make` returns (bytes are JSON already), or 304 where the client has it.

    `links` turns the value into a Link header; such answers are not kept.
    """
    replies = _replies(current_app)
    key = request.full_path
    link = None
    entry = None if links else replies.get(key)
    if entry is None:
        value = make()
        link = links(value) if links else None
        entry = replies.put(key, value if isinstance(value, bytes) else encode(value))
    body, tag = entry
    if request.if_none_match.contains(tag):
        response = Response(status=304)
    else:
        response = Response(body, mimetype="application/json")
    response.set_etag(tag)
    response.headers["Cache-Control"] = "public, no-cache"
    if link:
        response.headers["Link"] = link
    return response


def _replies(app: Flask) -> Replies:
    found: Replies = app.extensions.setdefault(EXTENSION, Replies())
    return found
