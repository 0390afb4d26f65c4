"""Sign-in methods that this instance offers."""

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, current_app, request

from app.runtime import EXTENSION, Runtime
from app.settings import Settings
from app.settings.addresses import is_loopback

NAMES: Final = {
    "google": "Google",
    "github": "GitHub",
    "steam": "Steam",
    "email": "E-mail link",
    "local": "Local owner",
}
"""Every method, in the order in which they are offered."""
BIND: Final = "TRACERA_BIND"
"""Flask's configuration: the address that `tracera serve` listens on; missing under another server."""


def configured(settings: Settings) -> list[str]:
    """Methods that an operator has set up."""
    found = {
        "google": settings.google_client_id,
        "github": settings.github_client_id,
        "steam": settings.steam_login,
        "email": settings.smtp_host,
    }
    return [name for name, on in found.items() if on]


def usable(settings: Settings) -> list[str]:
    """Methods that the current request could sign in with."""
    return configured(settings) or (["local"] if local_owner_allowed() else [])


def local_owner_open(server: Flask) -> bool:
    """Whether this instance has a local owner: embedded servers, no method configured, nothing beyond loopback."""
    runtime: Runtime = server.extensions[EXTENSION]
    settings = runtime.settings
    return (
        runtime.embedded is not None
        and settings.database_url is None
        and settings.redis_url is None
        and not configured(settings)
        and is_loopback(server.config.get(BIND))
        and is_loopback(urlsplit(settings.base_url).hostname)
    )


def local_owner_allowed() -> bool:
    """Whether the current request may sign in as the local owner, without any proof.

    Only to a loopback name (another name that points here would be a page rebinding its DNS), from a loopback address, and
    not through a proxy.
    """
    proxied = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"))
    return (
        local_owner_open(current_app)
        and is_loopback(urlsplit(request.host_url).hostname)
        and is_loopback(request.remote_addr)
        and not proxied
    )
