"""Masking: takes secrets out of what is logged, by the name they stand under, by their shape, and by their very value."""

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
    "signature", "nonce", "codeverifier",
)  # fmt: skip
_WHOLE: Final = frozenset({"code", "state", "key", "sig", "auth", "pwd", "pin", "otp", "email", "mail", "browser"})
_NAMED: Final = (shapes.HEADER_PAIR, shapes.QUOTED, shapes.ASSIGNED, shapes.COLON)
_NAME: Final = re.compile(
    "token|secret|pass|pwd|api|auth|cookie|session|csrf|credential|sig|code|state|key|nonce|browser|openid|handle|otp|"
    "shared|bearer|basic"
)
_LONG: Final = re.compile(r"[A-Za-z0-9_.-]{8}")
"""Most texts hold neither a name nor a long word, and are done here."""
_CUT_EDGE: Final = re.compile(r"[A-Za-z0-9._~+/=%@-]{1,512}\Z")
"""Where a text is cut, half a secret has no shape any more: the last word goes too."""


def is_secret_name(name: str) -> bool:
    """Whether what stands under this name is not for the log."""
    plain = name.lower().replace("_", "").replace("-", "").replace(".", "")
    return plain in _WHOLE or any(part in plain for part in _PARTS)


class Masker:
    """Masks texts.

    Args:
        known: values that are masked wherever they stand, also escaped for an address.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        long = {value for value in known if len(value) >= LEAST_KNOWN}
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
        if "@" in text or "%40" in text:
            text = shapes.MAIL.sub(MASK, text)
        if _NAME.search(text.lower()):
            text = shapes.SHARED_PATH.sub(rf"\g<1>{MASK}", text)
            text = shapes.SCHEME.sub(rf"\g<1>\g<2>{MASK}", text)
            text = shapes.HEADER_LINE.sub(rf"\g<1>\g<2>{MASK}", text)
            for named in _NAMED:
                text = named.sub(rf"\g<1>{MASK}", text)
        if not _LONG.search(text):
            return text
        text = shapes.PREFIXED.sub(MASK, text)
        text = shapes.TICKET.sub(MASK, text)
        text = shapes.SIGNED.sub(_if_random, text)
        return shapes.RUN.sub(_if_random, text)


def _if_random(found: re.Match[str]) -> str:
    text = found[0]
    longest = max(text.split("."), key=len)
    return MASK if shapes.is_random(longest) else text
