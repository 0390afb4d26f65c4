"""Masking: removes secrets from log records, by their name, their shape or their value."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from app.logging import shapes
from app.logging.shapes import MASK

LEAST_KNOWN: Final = 8
"""Shorter values of settings are not looked for: they are words that stand elsewhere too."""
_PARTS: Final = (
    "password", "passwd", "secret", "token", "cookie", "authorization", "apikey", "credential", "session", "csrf",
    "signature", "nonce", "codeverifier", "assochandle",
)  # fmt: skip
_WHOLE: Final = frozenset(
    {"code", "state", "key", "sig", "openidsig", "auth", "pwd", "pin", "otp", "email", "mail", "browser"}
)
_HEADERS: Final = frozenset({"authorization", "proxyauthorization", "cookie", "setcookie", "xapikey", "xcsrftoken"})
_LINES: Final = _HEADERS - {"xapikey", "xcsrftoken"}
_NAME: Final = re.compile(
    "token|secret|pass|pwd|auth|cookie|session|csrf|credential|sig|code|state|key|nonce|browser|openid|handle|otp|"
    "shared|bearer|basic"
)
_LONG: Final = re.compile(r"[A-Za-z0-9_.-]{8}")
"""Most texts hold neither a name nor a long word, and are done here."""
_LONGEST_NAME: Final = 60
_CUT_EDGE: Final = re.compile(r"[A-Za-z0-9._~+/=%@-]{1,512}\Z")
"""Where a text is cut, half a secret has no shape any more: the last word goes too."""


def is_secret_name(name: str) -> bool:
    """Whether what stands under this name is not for the log."""
    plain = _plain(name)
    return plain in _WHOLE or any(part in plain for part in _PARTS)


def _plain(name: str) -> str:
    return name[-_LONGEST_NAME:].lower().replace("_", "").replace("-", "").replace(".", "")


class Masker:
    """Masks texts.

    Args:
        known: values that are masked wherever they stand, also escaped for an address.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        # In a printed text a line break or a letter beyond ASCII is written some other way: the parts between stay.
        whole = set(known)
        parts = {part for value in whole for part in re.split(r"[^\x20-\x7e]+", value)}
        long = {value for value in whole | parts if len(value) >= LEAST_KNOWN}
        written = sorted(long | {quote(value, safe="") for value in long}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, written))) if written else None

    def text(self, text: str, limit: int) -> str:
        """The text without secrets, at most `limit` characters and a remark of what was left out."""
        left_out = len(text) - limit
        if left_out <= 0:
            return self._masked(text)
        start = text[:limit]
        edge = _CUT_EDGE.search(start, max(0, limit - 512))
        if edge:
            start, left_out = start[: edge.start()], left_out + limit - edge.start()
        return f"{self._masked(start)}… ({left_out} more characters)"

    def _masked(self, text: str) -> str:
        if self._known:
            text = self._known.sub(MASK, text)
        if "://" in text and "@" in text:
            text = shapes.USER_INFO.sub(f"{MASK}@", text)
        text = shapes.ROW.sub(MASK, text)
        if "@" in text or "%40" in text:
            text = shapes.MAIL.sub(MASK, text)
        if _NAME.search(text.lower()):
            text = shapes.SHARED_PATH.sub(rf"\g<1>{MASK}", text)
            text = shapes.SCHEME.sub(rf"\g<1>\g<2>{MASK}", text)
            text = _without_named(text)
        if not _LONG.search(text):
            return text
        text = shapes.PREFIXED.sub(MASK, text)
        text = shapes.TICKET.sub(MASK, text)
        text = shapes.SIGNED.sub(_if_random, text)
        return shapes.RUN.sub(_if_random, text)


def _without_named(text: str) -> str:
    """Mask what follows a secret's name."""
    parts, done = [], 0
    for found in shapes.NAME.finditer(text):
        value = _value_of(found) if found.start() >= done else None
        if value:
            parts += [text[done : value.start()], MASK]
            done = value.end()
    return "".join([*parts, text[done:]]) if parts else text


def _value_of(found: re.Match[str]) -> re.Match[str] | None:
    """The value that a name's sign leads to, if it is a secret."""
    name, sign, is_quoted = _plain(found["name"]), found["sign"].strip(), found["quote"] is not None
    if sign == ",":  # a pair: ('Authorization', '…'); in a list of words a comma says nothing
        is_secret = is_quoted and name in _HEADERS
    elif sign == ":" and not is_quoted:  # "error code: 5" is no secret, and "TokenError: …" explains one
        is_secret = name.endswith(_PARTS)
    else:
        is_secret = is_secret_name(found["name"])
    if not is_secret:
        return None
    pattern = shapes.LINE if name in _LINES and sign == ":" and not is_quoted else shapes.VALUE
    return pattern.match(found.string, found.end())


def _if_random(found: re.Match[str]) -> str:
    text = found[0]
    longest = max(text.split("."), key=len)
    return MASK if shapes.is_random(longest) else text
