"""Google, or any OpenID provider at TRACERA_GOOGLE_METADATA_URL."""

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from app.auth import oauth
from app.auth.identity import Identity
from app.auth.refusal import RefusedError


def leave(*, link: bool, next_path: str | None) -> Response:
    """To Google."""
    return oauth.leave("google", link=link, next_path=next_path)


def arrive() -> Response:
    """Back from Google."""
    return oauth.arrive("google", identify)


def identify(_client: Any, token: Mapping[str, Any]) -> Identity:
    """Of the id_token, whose signature, issuer, audience, nonce and expiry Authlib has checked by now."""
    claims = token.get("userinfo")
    if not claims or not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise RefusedError("token", "no id_token, or no subject in it")
    email = claims.get("email") or None
    return Identity(
        "google",
        claims["sub"],
        name=str(claims.get("name") or email or "Google user")[:100],
        email=email,
        email_verified=claims.get("email_verified") is True,
        avatar_url=claims.get("picture") or None,
    )
