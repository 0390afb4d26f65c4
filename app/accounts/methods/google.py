"""Google: or any OpenID provider at TRACERA_GOOGLE_METADATA_URL."""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, Final

from werkzeug.wrappers import Response

from app.accounts.errors import RefusedError
from app.accounts.identity import Identity
from app.accounts.methods import oauth
from app.accounts.methods.answers import address, name, picture, required_object, required_text, strict_json

LONGEST_SUBJECT: Final = 255
"""OpenID Connect Core 1.0, 2."""


def redirect_to_provider(*, link: bool, next_path: str | None) -> Response:
    """Redirect to Google."""
    return oauth.redirect_to_provider("google", link=link, next_path=next_path)


def complete() -> Response:
    """Sign in or link on return from Google."""
    return oauth.complete("google", identify)


def identify(_client: Any, token: Mapping[str, Any]) -> Identity:
    """Of the id_token, whose signature, issuer, audience, nonce and expiry Authlib has checked by now."""
    if "id_token" not in token:  # the provider's own "userinfo" is not signed
        raise RefusedError("token", "no id_token")
    claims = _claims(token["id_token"])
    subject = required_text(claims.get("sub"), "the subject", LONGEST_SUBJECT)
    email = address(claims.get("email"))
    return Identity(
        "google",
        subject,
        name=name(claims.get("name")) or name(email) or "Google user",
        email=email,
        email_verified=claims.get("email_verified") is True,
        avatar_url=picture(claims.get("picture")),
    )


def _claims(id_token: str) -> Mapping[str, Any]:
    """The claims of a checked token, parsed strictly: parsers differ in which value of a repeated name they take."""
    part = id_token.split(".")[1]
    return required_object(strict_json(urlsafe_b64decode(part + "=" * (-len(part) % 4))), "the id_token")
