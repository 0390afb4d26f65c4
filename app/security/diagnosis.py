"""Diagnosis: `tracera doctor` asks the instance how a request through TRACERA_BASE_URL arrived, and proves that it may."""

from typing import Final

from flask import Request
from itsdangerous import BadSignature, URLSafeTimedSerializer

HEADER: Final = "X-Tracera-Diagnosis"
SALT: Final = "diagnosis"
VALID_SECONDS: Final = 60
ORIGINAL: Final = "werkzeug.proxy_fix.orig"


def sign(secret: str) -> str:
    """A token that is valid for a minute."""
    return str(URLSafeTimedSerializer(secret, salt=SALT).dumps("arrival"))


def is_signed(secret: str, token: str | None) -> bool:
    """Whether a token was made with the instance's secret, not longer than a minute ago."""
    try:
        URLSafeTimedSerializer(secret, salt=SALT).loads(token or "", max_age=VALID_SECONDS)
    except BadSignature:
        return False
    return True


def arrival(request: Request) -> dict[str, str | bool]:
    """How a request arrived.

    `peer` is the connection's other end and `trusted` whether it may tell of others; `client`, `scheme` and `host` are what is
    taken for the client's address and for where it went; the rest says which headers were sent.
    """
    original = request.environ.get(ORIGINAL)
    return {
        "peer": (original["REMOTE_ADDR"] if original else request.remote_addr) or "",
        "trusted": original is not None,
        "client": request.remote_addr or "",
        "scheme": request.scheme,
        "host": request.host,
        "forwarded_for": "X-Forwarded-For" in request.headers,
        "forwarded_proto": "X-Forwarded-Proto" in request.headers,
        "forwarded_host": "X-Forwarded-Host" in request.headers,
    }
