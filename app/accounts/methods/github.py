"""GitHub: OAuth 2 without OpenID, so its API is asked for the user."""

from collections.abc import Mapping
from typing import Any, Final

import structlog
from werkzeug.wrappers import Response

from app.accounts.errors import RefusedError
from app.accounts.identity import Identity
from app.accounts.methods import oauth
from app.accounts.methods.answers import AnswerError, address, name, picture, required_object, strict_json

LARGEST_ID: Final = 2**63
log = structlog.get_logger(__name__)


def redirect_to_provider(*, link: bool, next_path: str | None) -> Response:
    """Redirect to GitHub."""
    return oauth.redirect_to_provider("github", link=link, next_path=next_path)


def complete() -> Response:
    """Sign in or link on return from GitHub."""
    return oauth.complete("github", identify)


def identify(client: Any, token: Mapping[str, Any]) -> Identity:
    """By the numeric id: logins are given to others once they are free."""
    reply = client.get("user", token=token)
    reply.raise_for_status()
    user = required_object(strict_json(reply.content), "the user")
    number = user.get("id")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < LARGEST_ID:
        raise RefusedError("token", "no numeric id")
    email = _email(client, token)
    return Identity(
        "github",
        str(number),
        name=name(user.get("name")) or name(user.get("login")) or "GitHub user",
        email=email,
        email_verified=email is not None,
        avatar_url=picture(user.get("avatar_url")),
    )


def _email(client: Any, token: Mapping[str, Any]) -> str | None:
    """The primary address if GitHub has verified it. The profile's own `email` is only what the person wants to show."""
    reply = client.get("user/emails", token=token)
    if not reply.ok:
        log.info("GitHub does not tell e-mail addresses", status=reply.status_code)
        return None
    entries = strict_json(reply.content)
    if not isinstance(entries, list):
        raise AnswerError("the e-mail addresses are no list")
    primary = [
        one for one in (required_object(entry, "an e-mail address") for entry in entries) if one.get("primary") is True
    ]
    if len(primary) > 1:
        raise AnswerError("two e-mail addresses are the primary one")
    return address(primary[0].get("email")) if primary and primary[0].get("verified") is True else None
