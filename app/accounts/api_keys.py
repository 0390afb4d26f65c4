"""API keys: `trc_` and 256 random bits. Only their SHA-256 is stored; so much randomness needs no slow hash."""

import hashlib
import re
import secrets
from typing import Final

PREFIX: Final = "trc_"
SHOWN: Final = 10
"""Characters of a key that are stored to tell one from another."""
_KEY = re.compile(r"trc_[A-Za-z0-9_-]{43}")


def new_key() -> str:
    """A new random key."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_key(key: str) -> bytes:
    """The hash of a key, which alone is stored."""
    return hashlib.sha256(key.encode("ascii")).digest()


def bearer(authorization: str) -> str | None:
    """The key in an Authorization header; None where there is none that could be ours."""
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" and _KEY.fullmatch(key.strip()) else None
