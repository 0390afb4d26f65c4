"""What a hostile client may send, as Hypothesis strategies: bodies, callbacks, heads, paths, query strings, frames."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from flask import Flask
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from websockets.frames import Frame, Opcode

from app.security.policy import ROUTES
from tests.server.callbacks import request_to

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW")
KINDS = ("application/json", "text/plain", "multipart/form-data; boundary=b", "application/x-www-form-urlencoded", "")
TEXTS = st.text(max_size=30) | st.sampled_from(
    ["24h", "7d", "return_volatility", "demo", "../../etc", "%00", "1" * 400, "NaN", "-0"]
)
NUMBERS = (
    st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, 1, 42, 2**31, 2**53])
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
DEEP = st.integers(10, 2000).map(lambda depth: b"[" * depth + b"]" * depth)
SEGMENTS = st.sampled_from(
    ["api", "v1", "items", "1", "assets", "_dash-layout", "..", "%2e%2e", "%0a", "%1b[31m", "udf", "auth", "shared"]
) | st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=12)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it goes over the wire, but for what the sender adds: Host, Cookie and token."""

    method: str
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    tags: frozenset[str] = field(default_factory=frozenset)
    """`unfinished`: its head may promise a body that does not come."""


def _filled(rule: str, part: str) -> str:
    """An address of a rule, with this in place of its variables."""
    return "/".join(part if piece.startswith("<") else piece for piece in rule.split("/"))


def _quoted(text: str) -> bytes:
    return b"".join(
        bytes([byte]) if 33 <= byte < 127 and byte not in b"#%?" else b"%%%02X" % byte
        for byte in text.encode("utf-8", "replace")
    )


@st.composite
def addresses(draw: st.DrawFn) -> bytes:
    """Addresses of known routes and of none, with queries of known and unknown names."""
    rules = sorted({rule for _, rule in ROUTES})
    if draw(st.booleans()):
        path = _quoted(
            _filled(
                draw(st.sampled_from(rules)), draw(st.sampled_from(["1", "0", "-1", "999999999999", "x", "★"]) | TEXTS)
            )
        )
    else:
        path = b"/" + "/".join(draw(st.lists(SEGMENTS, max_size=6))).encode()
    names = st.sampled_from(
        [
            "window",
            "metric",
            "limit",
            "cursor",
            "source",
            "search",
            "q",
            "sort",
            "order",
            "start",
            "portfolio",
            "next",
            "token",
            "error",
        ]
    )
    pairs = draw(st.lists(st.tuples(names | st.text(max_size=6), TEXTS), max_size=4))
    query = b"&".join(_quoted(name) + b"=" + _quoted(text) for name, text in pairs)
    return (path or b"/") + (b"?" + query if query else b"")


@st.composite
def simple(draw: st.DrawFn) -> Request:
    """A method and an address."""
    return Request(draw(st.sampled_from(METHODS)), draw(addresses()))


@st.composite
def bodies(draw: st.DrawFn) -> Request:
    """Something sent to a route that takes bodies."""
    rule = draw(st.sampled_from(sorted(rule for method, rule in ROUTES if method == "POST")))
    content = draw(VALUES.map(orjson.dumps) | st.binary(max_size=200) | DEEP)
    kind = draw(st.sampled_from(KINDS)).encode()
    return Request("POST", _quoted(_filled(rule, "1")), ((b"Content-Type", kind),), content)


@st.composite
def heads(draw: st.DrawFn) -> Request:
    """Headers that clients may and may not send."""
    names = st.sampled_from(
        [
            "Accept",
            "Accept-Encoding",
            "Authorization",
            "If-None-Match",
            "Range",
            "X-Forwarded-For",
            "Forwarded",
            "Upgrade",
            "Connection",
            "Expect",
            "Origin",
            "Sec-Fetch-Site",
            "Content-Length",
            "Transfer-Encoding",
            "X-CSRFToken",
        ]
    ) | st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
    contents = st.sampled_from(
        [
            b"gzip;q=",
            b"br;q=9e999",
            b"Bearer trc_",
            b"bytes=0-",
            b"websocket",
            b"h2c",
            b"100-continue",
            b"chunked",
            b"5",
            b"null",
            b"close",
        ]
    ) | st.binary(max_size=60)
    pairs = draw(st.lists(st.tuples(names.map(str.encode), contents), max_size=8))
    return Request(
        draw(st.sampled_from(("GET", "POST", "OPTIONS"))),
        draw(addresses()),
        tuple(pairs),
        tags=frozenset({"unfinished"}),
    )


def callbacks(application: Flask) -> SearchStrategy[Request]:
    """Callback requests: right ones with any values, and such with any one part replaced."""
    known = {
        output: declared
        for output, declared in application.extensions["tracera.dash"].callback_map.items()
        if "callback" in declared
    }

    @st.composite
    def made(draw: st.DrawFn) -> Request:
        output = draw(st.sampled_from(sorted(known)))
        body: dict[str, Any] = request_to(output, known[output])
        for one in [*body["inputs"], *body["state"]]:
            one["value"] = draw(VALUES)
        if draw(st.integers(0, 3)) == 0:
            body[draw(st.sampled_from(sorted(body)))] = draw(VALUES)
        return Request(
            "POST", b"/_dash-update-component", ((b"Content-Type", b"application/json"),), orjson.dumps(body)
        )

    return made()


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """WebSocket frames, whole and broken ones."""
    actions = st.fixed_dictionaries(
        {
            "action": st.sampled_from(["subscribe", "unsubscribe", "ping", "resume"]) | TEXTS,
            "item_ids": st.lists(NUMBERS, max_size=5) | VALUES,
        }
    )
    payload = draw((actions | VALUES).map(orjson.dumps) | st.binary(max_size=100))
    kind = draw(st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.CONT, Opcode.PING, Opcode.PONG, Opcode.CLOSE]))
    control = kind in {Opcode.PING, Opcode.PONG, Opcode.CLOSE}
    made = Frame(kind, payload[:125] if control else payload, control or draw(st.booleans()))
    whole: bytes = made.serialize(mask=True, extensions=[])
    return draw(st.just(whole) | st.binary(max_size=40))
