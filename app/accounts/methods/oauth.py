"""OAuth: Google and GitHub through Authlib, with PKCE and state, and for Google a nonce and a signed id_token."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import joserfc.errors
import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Flask, current_app
from werkzeug.wrappers import Response

from app.accounts.errors import RefusedError
from app.accounts.identity import Identity
from app.accounts.methods.answers import AnswerError
from app.accounts.methods.provider_client import ProviderApp
from app.accounts.redirects import callback_url, redirect_to_canonical_host
from app.accounts.sign_in_flow import complete_sign_in, remember_intent, resume_intent
from app.settings import Settings

EXTENSION: Final = "tracera.oauth"
_SHARED: Final = {"code_challenge_method": "S256"}


def register_clients(server: Flask, settings: Settings) -> None:
    """A client for each configured provider; nothing is asked before the first sign-in."""
    oauth = OAuth(server)
    server.extensions[EXTENSION] = oauth
    if settings.google_client_id and settings.google_client_secret:
        oauth.register(
            "google",
            client_cls=ProviderApp,
            client_id=settings.google_client_id,
            client_secret=settings.google_client_secret.get_secret_value(),
            server_metadata_url=settings.google_metadata_url,
            client_kwargs={"scope": "openid email profile", **_SHARED},
        )
    if settings.github_client_id and settings.github_client_secret:
        base, api = settings.github_url.rstrip("/"), settings.github_api_url.rstrip("/")
        oauth.register(
            "github",
            client_cls=ProviderApp,
            client_id=settings.github_client_id,
            client_secret=settings.github_client_secret.get_secret_value(),
            authorize_url=f"{base}/login/oauth/authorize",
            access_token_url=f"{base}/login/oauth/access_token",
            api_base_url=f"{api}/",
            client_kwargs={"scope": "read:user user:email", **_SHARED},
        )


def redirect_to_provider(provider: str, *, link: bool, next_path: str | None) -> Response:
    """Redirect to the provider, with a state that only this browser's session knows."""
    found = client(provider)
    if redirected := redirect_to_canonical_host():
        return redirected
    state = remember_intent(provider, link=link, next_path=next_path)
    with provider_errors():
        answer: Response = found.authorize_redirect(callback_url(f"{provider}/callback"), state=state)
        return answer


def complete(provider: str, identify: Callable[[Any, Mapping[str, Any]], Identity]) -> Response:
    """Check the provider's callback, then sign in or link.

    `identify` makes an identity of the client and the token.
    """
    found = client(provider)
    intent = resume_intent(provider)
    with provider_errors():
        token: Mapping[str, Any] = found.authorize_access_token()
        identity = identify(found, token)
    return complete_sign_in(intent, identity)


def client(provider: str) -> Any:
    """Authlib's client of a provider.

    Raises:
        RefusedError: it is not configured.
    """
    found = current_app.extensions[EXTENSION].create_client(provider)
    if found is None:
        raise RefusedError("not-configured")
    return found


@contextmanager
def provider_errors() -> Iterator[None]:
    """Turn a provider's failures into `RefusedError`."""
    try:
        yield
    except AuthlibBaseError as error:
        code = {"access_denied": "cancelled", "mismatching_state": "state"}.get(str(error.error), "code")
        raise RefusedError(code, f"{error.error}: {error.description}") from error
    except joserfc.errors.JoseError as error:
        raise RefusedError("token", str(error)) from error
    except AnswerError as error:
        raise RefusedError("token", str(error)) from error
    except requests.RequestException as error:
        raise RefusedError("provider-down", str(error)) from error
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # Authlib and joserfc take a provider's values for what they should be, and stumble in all of these ways.
        raise RefusedError("token", f"unexpected answer: {error!r}") from error
