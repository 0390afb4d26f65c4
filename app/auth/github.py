"""GitHub: OAuth 2 without OpenID, so the user is asked of its API."""

from collections.abc import Mapping
from typing import Any

import structlog
from werkzeug.wrappers import Response

from app.auth import oauth
from app.auth.identity import Identity
from app.auth.refusal import RefusedError

log = structlog.get_logger(__name__)


def leave(*, link: bool, next_path: str | None) -> Response:
    """To GitHub."""
    return oauth.leave("github", link=link, next_path=next_path)


def arrive() -> Response:
    """Back from GitHub."""
    return oauth.arrive("github", identify)


def identify(client: Any, token: Mapping[str, Any]) -> Identity:
    """By the numeric id: logins are given to others once they are free."""
    reply = client.get("user", token=token)
    reply.raise_for_status()
    user = reply.json()
    number = user.get("id") if isinstance(user, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
        raise RefusedError("token", "no numeric id")
    email = _email(client, token)
    return Identity(
        "github",
        str(number),
        name=str(user.get("name") or user.get("login") or "GitHub user")[:100],
        email=email,
        email_verified=email is not None,
        avatar_url=user.get("avatar_url") or None,
    )


def _email(client: Any, token: Mapping[str, Any]) -> str | None:
    """The primary address if GitHub has verified it. The profile's own `email` is only what the person wants to show."""
    reply = client.get("user/emails", token=token)
    if not reply.ok:
        log.info("GitHub does not tell e-mail addresses", status=reply.status_code)
        return None
    for entry in reply.json():
        if entry.get("primary") is True and entry.get("verified") is True:
            return str(entry["email"])
    return None
