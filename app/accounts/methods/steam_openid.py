"""Steam's OpenID 2.0 assertions. The numbers are those of the checks that other libraries left out, each a takeover.

https://openid.net/specs/openid-authentication-2_0.html
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import httpx

from app.accounts.errors import RefusedError

NS: Final = "http://specs.openid.net/auth/2.0"
SELECT: Final = "http://specs.openid.net/auth/2.0/identifier_select"
SIGNED: Final = frozenset({"op_endpoint", "claimed_id", "identity", "return_to", "response_nonce", "assoc_handle"})
SKEW: Final = timedelta(minutes=5)
TIMEOUT: Final = 5.0
"""Seconds for a connection, for silence while reading, and for a whole body."""
LARGEST: Final = 65_536
_NONCE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)[\x21-\x7e]{0,235}")
# Some hosts get a 403 from Steam without a browser's name.
_AGENT: Final = "Mozilla/5.0 (compatible; Tracera)"


@dataclass(frozen=True, slots=True)
class Assertion:
    """What Steam says, well formed and about us; not verified yet."""

    steam_id: str
    nonce: str
    fields: Mapping[str, str]


def login_address(base: str, *, realm: str, return_to: str) -> str:
    """Where to send the browser."""
    fields = {
        "openid.ns": NS,
        "openid.mode": "checkid_setup",
        "openid.claimed_id": SELECT,
        "openid.identity": SELECT,
        "openid.return_to": return_to,
        "openid.realm": realm,
    }
    return f"{base}/login?{urlencode(fields)}"


def read(query: Mapping[str, Sequence[str]], *, base: str, return_to: str, now: datetime) -> Assertion:
    """The assertion in a callback's query.

    Args:
        query: every value of every name.
        base: Steam's OpenID address, from the settings, never from the query.
        return_to: our own callback with the state of this browser's session.
        now: the time.

    Raises:
        RefusedError: it is not one, or not for us.
    """
    fields = _single(query)
    mode = fields.get("openid.mode")
    if mode == "cancel":
        raise RefusedError("cancelled")
    _require(mode == "id_res" and fields.get("openid.ns") == NS, "mode or namespace")
    _require(fields.get("openid.op_endpoint") == f"{base}/login", "1: a foreign op_endpoint")
    claimed = fields.get("openid.claimed_id", "")
    steam_id = re.fullmatch(re.escape(base) + r"/id/(7656119[0-9]{10})", claimed)
    if steam_id is None:
        raise RefusedError("assertion", "2: claimed_id is not Steam's")
    _require(fields.get("openid.identity") == claimed, "3: identity is not claimed_id")
    signed = fields.get("openid.signed", "").split(",")
    _require(set(signed) >= SIGNED and bool(fields.get("openid.sig")), "4: unsigned fields")
    _require(all(f"openid.{name}" in fields for name in SIGNED), "4: missing fields")
    _require(fields.get("openid.return_to") == return_to, "5: a foreign return_to")
    nonce = fields["openid.response_nonce"]
    _require(_is_fresh(nonce, now), "6: the nonce is not of the last minutes")
    return Assertion(steam_id[1], nonce, {name: value for name, value in fields.items() if name.startswith("openid.")})


def verify(assertion: Assertion, base: str) -> None:
    """Ask Steam whether the assertion is its own (7).

    Raises:
        RefusedError: it did not, or does not answer.
    """
    fields = dict(assertion.fields) | {"openid.mode": "check_authentication"}
    headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}
    try:
        with httpx.stream(
            "POST", f"{base}/login", data=fields, headers=headers, timeout=TIMEOUT, follow_redirects=False
        ) as reply:
            status, body = reply.status_code, _body(reply)
    except httpx.HTTPError as error:
        raise RefusedError("provider-down", f"check_authentication: {error!r}") from error
    if status != httpx.codes.OK:
        raise RefusedError("provider-down", f"check_authentication: HTTP {status}")
    # Key-value form (4.1.1): a line each, none twice.
    pairs = [line.partition(":")[::2] for line in body.decode(errors="replace").split("\n") if line]
    said = dict(pairs)
    _require(len(said) == len(pairs), "7: a name is there twice")
    _require(said.get("ns") == NS and said.get("is_valid") == "true", "7: Steam did not say so")


def _body(reply: httpx.Response) -> bytes:
    """The answer as it comes over the line, up to a size and a time."""
    deadline = time.monotonic() + TIMEOUT
    found = b""
    for piece in reply.iter_raw():
        found += piece
        if len(found) > LARGEST or time.monotonic() > deadline:
            raise RefusedError("provider-down", "check_authentication: an answer that is too large or takes too long")
    return found


def _single(query: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """8: parsers differ in which value of a repeated name they take."""
    _require(all(len(values) == 1 for values in query.values()), "8: duplicated parameters")
    return {name: values[0] for name, values in query.items()}


def _is_fresh(nonce: str, now: datetime) -> bool:
    match = _NONCE.fullmatch(nonce)
    if match is None:
        return False
    try:
        made = datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(now - made) <= SKEW


def _require(holds: bool, reason: str) -> None:  # noqa: FBT001  # it reads as a sentence
    if not holds:
        raise RefusedError("assertion", reason)
