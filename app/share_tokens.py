"""Share tokens: the secret part of a link that shows something to whoever has it."""

import hashlib
import secrets


def new_token() -> str:
    """A token, which is shown once and kept nowhere."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """The hash that is stored of a token: it has 256 random bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
