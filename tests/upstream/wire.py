"""Requests and answers of the upstream server, as plain data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Request:
    """`query` holds the last value of each key; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """How a market answers one address; `empty` is what it says when it has, or claims to have, nothing.

    A `path` that ends in `/*` answers everything below it.
    """

    market: str
    path: str
    answer: Callable[[Request], Answer]
    empty: Any


def json_answer(value: Any, status: int = 200, **headers: str) -> Answer:
    named = {key.replace("_", "-"): text for key, text in headers.items()}
    return Answer(orjson.dumps(value), status, {"content-type": "application/json; charset=utf-8", **named})


def html_answer(title: str, status: int = 200, **headers: str) -> Answer:
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    named = {key.replace("_", "-"): text for key, text in headers.items()}
    return Answer(page.encode(), status, {"content-type": "text/html; charset=utf-8", **named})


def number(request: Request, key: str, default: int) -> int:
    text = request.query.get(key, "")
    return int(text) if text.isdecimal() else default
