"""What secrets look like in a text, as regular expressions that take linear time.

Repetitions are possessive or bounded, and a run of word characters is looked at from its start only: a hostile text costs
no more than another of its length.
"""

import re
from typing import Final

MASK: Final = "[masked]"

_STRONG: Final = (
    r"token|secret|passw(?:or)?d|passwd|pwd|api[_-]?key|authorization|cookie|session|csrf|credential|signature|"
    r"code_verifier|otp"
)
"""Names whose value is secret wherever they stand, also as a part of a longer name."""
_WEAK: Final = r"code|state|key|nonce|sig|auth|browser|openid\.[a-z_]{1,20}|assoc_handle|response_nonce"
"""Names that mean a secret in a query or a dict alone: `code=` is one, "error code: 5" is none."""
_HEADERS: Final = r"(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-csrf-?token"
_EQUALS: Final = r"(?:\s{0,2}=\s{0,2}|%3d|%253d)"
_QUOTE: Final = r"\\{0,2}[\"']"
_VALUE: Final = r"(?:b?'[^']{1,2000}+'|b?\"[^\"]{1,2000}+\"|\\{1,2}\"[^\"]{1,2000}+\"|[^\s&;,'\"<>(){}\[\]]++)"
# The beginning of a name: no letter before it, unless that ends an escaped `?` or `&`.
_START: Final = r"(?:(?<![a-z0-9_])|(?<=26)|(?<=3f))"
_RUN: Final = r"(?<![A-Za-z0-9_-])"

USER_INFO: Final = re.compile(r"(?<=://)[^\s/]{1,300}@")
"""User and password in an address."""
SHARED_PATH: Final = re.compile(r"((?:/|%2f|%252f)shared(?:/|%2f|%252f))[^\s/?#&\"'<>]++", re.IGNORECASE)
"""A share link's token in a path."""
SCHEME: Final = re.compile(r"\b(bearer|basic)((?: |%20|\+){1,2})[A-Za-z0-9._~+/=-]{6,}+", re.IGNORECASE)
HEADER_LINE: Final = re.compile(rf"\b({_HEADERS})(\s?:\s?)[^\s\"'][^\n\"']*+", re.IGNORECASE)
HEADER_PAIR: Final = re.compile(rf"({_QUOTE}(?:{_HEADERS}){_QUOTE}\s?[,:]\s?){_VALUE}", re.IGNORECASE)
"""As ASGI and HTTP libraries print headers."""
ASSIGNED: Final = re.compile(
    rf"((?:{_STRONG})[\w-]{{0,20}}+{_EQUALS}|{_START}(?:{_WEAK}){_EQUALS}){_VALUE}", re.IGNORECASE
)
"""`name=value`, in a query too and escaped there."""
QUOTED: Final = re.compile(
    rf"({_QUOTE}(?:[\w.-]{{0,20}}?(?:{_STRONG})[\w-]{{0,20}}+|{_WEAK}){_QUOTE}\s?:\s?){_VALUE}", re.IGNORECASE
)
"""`'name': 'value'`, as dicts and JSON are printed."""
COLON: Final = re.compile(rf"((?:{_STRONG})\s?:\s?){_VALUE}", re.IGNORECASE)
PREFIXED: Final = re.compile(rf"{_RUN}(?:trc_|gh[a-z]_|github_pat_|xox[a-z]-|ya29\.|GOCSPX-)[A-Za-z0-9_.-]{{4,}}+")
"""Keys that say of whom they are: ours, GitHub's, Slack's, Google's."""
SIGNED: Final = re.compile(rf"{_RUN}[A-Za-z0-9_-]{{16,}}+(?:\.[A-Za-z0-9_-]{{4,}}+){{1,4}}+")
"""Signed cookies, CSRF tokens: parts with dots between; module names look alike, so `is_random` decides."""
TICKET: Final = re.compile(rf"{_RUN}eyJ[A-Za-z0-9_-]{{6,}}+(?:\.[A-Za-z0-9_-]*+){{0,4}}+")
"""JWTs and signed JSON, however short."""
RUN: Final = re.compile(rf"{_RUN}[A-Za-z0-9_-]{{32,}}+")
"""Session ids, link tokens, states, digests; `is_random` decides."""
MAIL: Final = re.compile(r"(?<![\w.+~-])[\w.+~-]{1,128}+(?:@|%40)[A-Za-z0-9][A-Za-z0-9.-]{0,254}+", re.IGNORECASE)

_HEX: Final = frozenset("0123456789abcdef")


def is_random(text: str) -> bool:
    """Whether a long run of word characters is nobody's name: letters of both cases, or nothing but hexadecimal digits."""
    if any(char.islower() for char in text) and any(char.isupper() for char in text):
        return True
    return set(text.lower()) <= _HEX and not text.isalpha()
