"""Redirects: the instance's public address, and safe targets after signing in."""

from typing import Final
from urllib.parse import urlsplit

from flask import redirect, request
from werkzeug.wrappers import Response

from app.runtime import services
from app.settings.addresses import is_loopback

PREFIX: Final = "/api/v1/auth"
_MOST = 500


def origin() -> str:
    """Scheme, host and port that people open: TRACERA_BASE_URL; where that is not set, the loopback address asked."""
    settings = services().settings
    if "base_url" not in settings.model_fields_set and is_loopback(urlsplit(request.host_url).hostname):
        return request.host_url.rstrip("/")
    return settings.base_url


def callback_url(path: str) -> str:
    """A route of ours as a provider must call it back, e.g. `google/callback`."""
    return f"{origin()}{PREFIX}/{path}"


def redirect_to_canonical_host() -> Response | None:
    """A redirect to the configured name of this computer: cookies of 127.0.0.1 are not those of localhost."""
    ours, asked = urlsplit(origin()), urlsplit(request.host_url)
    same_port = ours.port == asked.port
    if (
        ours.hostname == asked.hostname
        or not same_port
        or not (is_loopback(ours.hostname) and is_loopback(asked.hostname))
    ):
        return None
    return redirect(origin() + request.full_path.rstrip("?"))


def safe_next_path(path: str | None, default: str = "/") -> str:
    """A path of ours to go on to; anything that a browser could read as another site's address is the default."""
    if not path or len(path) > _MOST or not path.isprintable() or " " in path:
        return default
    if not path.startswith("/") or path.startswith(("//", "/api/")) or "\\" in path:
        return default
    parts = urlsplit(path)
    return default if parts.scheme or parts.netloc else path
