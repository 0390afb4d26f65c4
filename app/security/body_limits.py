"""Body limits: the largest request body and the deepest JSON, by path."""

import re
from itertools import accumulate
from typing import Final, NamedTuple

CALLBACKS: Final = "/_dash-update-component"
FILES: Final = frozenset(
    {
        "/api/v1/portfolio/transactions/csv",
        "/api/v1/portfolio/transactions/steam",
        "/api/v1/portfolio/restore",
        "/api/v1/backfills/prices",
        "/api/v1/watchlists/merge",
    }
)
"""Routes that take a whole file, or all that a browser kept."""


class BodyLimit(NamedTuple):
    """The most bytes of a body, and the most levels of its JSON."""

    size: int
    depth: int


DEFAULT: Final = BodyLimit(256 * 1024, 16)
CALLBACK: Final = BodyLimit(512 * 1024, 64)
"""A callback's state may hold components, which nest."""
FILE: Final = BodyLimit(16 * 1024 * 1024, 32)

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_OTHER = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {91: 1, 123: 1, 93: -1, 125: -1}


def limit_of(path: str) -> BodyLimit:
    """The limits of a body that is sent to a path."""
    if path == CALLBACKS:
        return CALLBACK
    return FILE if path in FILES else DEFAULT


def max_body_size(path: str) -> int:
    """The most bytes of a body that is sent to a path."""
    return limit_of(path).size


def depth(text: bytes) -> int:
    """The nesting depth of a JSON text; 0 for a plain value. Linear in its length."""
    brackets = _STRING.sub(b"", text).translate(None, _OTHER)
    return max(accumulate(map(_STEP.__getitem__, brackets), initial=0))
