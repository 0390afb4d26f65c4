"""Response headers: content security policy and the other protective headers of every answer."""

from collections.abc import Sequence

from dash import Dash
from flask import Flask, Response

STEAM_IMAGES = (
    "https://community.fastly.steamstatic.com",
    "https://community.cloudflare.steamstatic.com",
    "https://community.akamai.steamstatic.com",
    "https://steamcommunity-a.akamaihd.net",
    "https://avatars.steamstatic.com",
    "https://avatars.fastly.steamstatic.com",
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

NO_DOCUMENT_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The policy of answers other than documents: opened on their own they may load nothing."""
HSTS = "max-age=31536000"


def content_security_policy(script_hashes: Sequence[str]) -> str:
    """The policy; no inline script runs but those whose hash is named, nothing comes from another origin but item images."""
    directives = {
        "default-src": ["'self'"],
        "script-src": ["'self'", *(f"'{digest}'" if digest.startswith("sha") else digest for digest in script_hashes)],
        "style-src": ["'self'", "'unsafe-inline'"],  # Mantine and AG Grid write style attributes
        "img-src": ["'self'", "data:", "blob:", *STEAM_IMAGES],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in directives.items())


def register_headers(server: Flask, dashboard: Dash) -> None:
    """Set the headers. Dash adds a script of its own at the first request, so the hashes are computed for each document."""
    https = str(server.config["TRACERA_BASE_URL"]).startswith("https://")
    always = [*HEADERS.items(), *([("Strict-Transport-Security", HSTS)] if https else [])]

    @server.after_request
    def set_headers(response: Response) -> Response:
        document = response.mimetype == "text/html"
        policy = content_security_policy(dashboard.csp_hashes()) if document else NO_DOCUMENT_POLICY
        add_missing(response, *always, ("Content-Security-Policy", policy))
        return response


def add_missing(response: Response, *headers: tuple[str, str]) -> None:
    """Add those headers that the response lacks. One look at it for all: `setdefault` reads every header for each."""
    there = {name.lower() for name, _ in response.headers}
    for name, value in headers:
        if name.lower() not in there:
            response.headers.add(name, value)
