"""Provider client: Authlib's, with bounds on an answer's time, size and content."""

import time
from collections.abc import Iterator
from typing import Any, Final

import requests
from authlib.integrations.flask_client import FlaskOAuth2App
from authlib.integrations.requests_client import OAuth2Session
from joserfc.jwk import KeySet
from requests.adapters import HTTPAdapter

from app.accounts.methods.answers import AnswerError, is_web_address, required_object, required_text, strict_json

TIMEOUT: Final = 5.0
"""Seconds for a connection, for silence while reading, and for a whole body."""
LARGEST: Final = 1 << 20
"""Bytes of an answer; those of Google and GitHub have a few thousand."""
MOST_REDIRECTS: Final = 3
LONGEST_TOKEN: Final = 16_384
PIECE: Final = 16_384
SIGNED_BY_KEY: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"})
"""Signatures that only the provider can make; those with a shared secret are not among them."""


class TooMuchError(requests.RequestException):
    """An answer was larger or slower than it may be."""


class BoundedBody:
    """The body of an answer as requests reads it, up to a size and a time."""

    def __init__(self, raw: Any, deadline: float) -> None:
        self._raw, self._deadline = raw, deadline

    def __getattr__(self, attribute: str) -> Any:
        """Everything else is urllib3's."""
        return getattr(self._raw, attribute)

    def stream(self, _amount: int, *, decode_content: bool = True) -> Iterator[bytes]:
        """Pieces as they come: reading by whole amounts would wait for a body that drips."""
        size = 0
        while piece := self._raw.read1(PIECE, decode_content=decode_content):
            size += len(piece)
            if size > LARGEST:
                raise TooMuchError(f"an answer of more than {LARGEST} bytes")
            if time.monotonic() > self._deadline:
                raise TooMuchError(f"an answer that takes longer than {TIMEOUT:.0f} s")
            yield piece


class BoundedAdapter(HTTPAdapter):
    """Bounds every body."""

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send; the caller reads the body through `BoundedBody`."""
        response = super().send(*args, **(kwargs | {"stream": True}))
        response.raw = BoundedBody(response.raw, time.monotonic() + TIMEOUT)
        return response


class BoundedSession(OAuth2Session):  # type: ignore[misc]  # Authlib has no annotations
    """Requests to a provider; every good answer is JSON."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, default_timeout=TIMEOUT, **kwargs)
        self.max_redirects = MOST_REDIRECTS
        for scheme in ("http://", "https://"):
            self.mount(scheme, BoundedAdapter())

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send, and read the answer at once.

        Raises:
            AnswerError: a good answer that is no JSON.
            requests.RequestException: none, or too much of one.
        """
        response: requests.Response = super().send(request, **kwargs)
        if response.ok and not response.is_redirect:
            strict_json(response.content)
        return response

    def parse_response_token(self, response: requests.Response) -> Any:
        """A token whose parts are what Authlib takes them for.

        Raises:
            AnswerError: they are not.
        """
        if response.ok:
            token = required_object(strict_json(response.content), "the token")
            if "error" not in token:
                required_text(token.get("access_token"), "the access token", LONGEST_TOKEN)
                required_text(token.get("token_type"), "the token's type", LONGEST_TOKEN)
                if "id_token" in token:
                    required_text(token["id_token"], "the id_token", LARGEST)
        return super().parse_response_token(response)


class ProviderApp(FlaskOAuth2App):  # type: ignore[misc]
    """A provider that keeps nothing it cannot use: a bad description or key set is asked for again the next time."""

    client_cls = BoundedSession

    def load_server_metadata(self) -> dict[str, Any]:
        """What an OpenID provider says of itself; empty for others.

        Raises:
            AnswerError: it cannot be used.
        """
        found: dict[str, Any] = super().load_server_metadata()
        if "_loaded_at" in found and "_checked" not in found:
            try:
                good = _described(found)
            except AnswerError:
                found.pop("_loaded_at", None)
                raise
            # What else it says of itself must not become an option of our client.
            for name in found.keys() - good.keys() - {"_loaded_at"}:
                found.pop(name, None)
            found.update(good, _checked=True)
        return found

    def fetch_jwk_set(self, force: bool = False) -> Any:  # noqa: FBT001, FBT002  # as its base has it
        """The keys that sign id_tokens.

        Raises:
            AnswerError: there are none that can be used.
        """
        found = super().fetch_jwk_set(force=force)
        try:
            keys = KeySet.import_key_set(found).keys
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            self.server_metadata.pop("jwks", None)
            raise AnswerError(f"no set of keys: {error!r}") from error
        if not keys:
            self.server_metadata.pop("jwks", None)
            raise AnswerError("an empty set of keys")
        return found


def _described(found: dict[str, Any]) -> dict[str, Any]:
    """The parts of an OpenID description that are used (OpenID Connect Discovery 1.0, 3)."""
    good: dict[str, Any] = {}
    for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not is_web_address(found.get(name)):
            raise AnswerError(f"{name} is no address")
        good[name] = found[name]
    algorithms = found.get("id_token_signing_alg_values_supported", ["RS256"])
    algorithms = (
        [one for one in algorithms if isinstance(one, str) and one in SIGNED_BY_KEY]
        if isinstance(algorithms, list)
        else []
    )
    if not algorithms:
        raise AnswerError("no signature of id_tokens that can be checked")
    return good | {"id_token_signing_alg_values_supported": algorithms}
