"""Shapes of secrets in a text, as regular expressions that take linear time.

Repetitions are possessive or bounded, and a run of word characters is looked at from its start only: a hostile text costs
no more than another of its length.
"""

import re
from typing import Final

MASK: Final = "[masked]"

_RUN: Final = r"(?<![A-Za-z0-9_-])"

USER_INFO: Final = re.compile(r"(?<=://)(?:[^\s/@:]{0,100}:(?!\d{1,5}(?:[/?#\s]|\Z))[^\s\"'<>]{1,300}|[^\s/]{1,300})@")
"""User and password in an address; a password may hold what it should not, but a port is none."""
ROW: Final = re.compile(r"(?<=Failing row contains )\([^\n]++")
"""A row that PostgreSQL refused, in its error's detail."""
SHARED_PATH: Final = re.compile(r"((?:/|%2f|%252f)shared(?:/|%2f|%252f))[^\s/?#&\"'<>]++", re.IGNORECASE)
"""A share link's token in a path."""
SCHEME: Final = re.compile(r"\b(bearer|basic)((?: |%20|\+){1,2})[A-Za-z0-9._~+/=-]{6,}+", re.IGNORECASE)
NAME: Final = re.compile(
    r"(?:%(?:25)?(?:3f|26)|(?<![\w.-]))"  # the `?` or `&` before it may be escaped
    r"(?P<quote>b?\\{0,2}[\"'])?(?P<name>[\w.-]++)(?:\\{0,2}[\"'])?(?P<sign>\s{0,2}=\s{0,2}|%(?:25)?3d|\s?[:,]\s?)",
    re.IGNORECASE,
)
"""A name and the sign that its value follows, as in queries, dicts, JSON, headers and pairs."""
VALUE: Final = re.compile(
    r"b?'(?:[^'\\]++|\\.){1,500}+'?"
    r"|b?\"(?:[^\"\\]++|\\.){1,500}+\"?"
    r"|\\{1,2}\"[^\"]{1,2000}+\"?"
    r"|[\[({][^\n\])}]{0,2000}+[\])}]?"
    r"|[^\s&;,'\"<>(){}\[\]]++"
)
"""In quotation marks, whose end may be cut off; in brackets; or up to what ends a word."""
LINE: Final = re.compile(r"[^\n\"']++")
"""The value of a header that is printed in a line of its own."""
PREFIXED: Final = re.compile(
    rf"{_RUN}(?:trc_|gh[a-z]_|github_pat_|xox[a-z]-|ya29\.|GOCSPX-)[A-Za-z0-9_.-]{{4,}}+|{_RUN}whsec_[A-Za-z0-9+/=_-]{{4,}}+"
)
"""Keys that say of whom they are: ours, GitHub's, Slack's, Google's; secrets of webhooks."""
SIGNED: Final = re.compile(rf"{_RUN}[A-Za-z0-9_-]{{16,}}+(?:\.[A-Za-z0-9_-]{{4,}}+){{1,4}}+")
"""Signed cookies, CSRF tokens: parts with dots between; module names look alike, so `is_random` decides."""
TICKET: Final = re.compile(rf"{_RUN}eyJ[A-Za-z0-9_-]{{6,}}+(?:\.[A-Za-z0-9_-]*+){{0,4}}+")
"""JWTs and signed JSON, however short."""
RUN: Final = re.compile(rf"{_RUN}[A-Za-z0-9_-]{{32,}}+")
"""Session ids, link tokens, states, digests; `is_random` decides."""
MAIL: Final = re.compile(r"(?<![\w.+~-])[\w.+~-]{1,128}+(?:@|%40)[A-Za-z0-9][A-Za-z0-9.-]{0,254}+", re.IGNORECASE)

_DIGITS: Final = 4


def is_random(text: str) -> bool:
    """Whether a long run of word characters is random and no name: letters of both cases, or digits among letters."""
    if any(char.islower() for char in text) and any(char.isupper() for char in text):
        return True
    return text.isalnum() and not text.isalpha() and sum(char.isdigit() for char in text) >= _DIGITS
