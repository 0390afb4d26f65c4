"""Installable page: a manifest, a service worker, and the page that it shows where the server cannot be reached.

The worker keeps that page and its files alone, all of them public (decision 0068).
"""

import json
from functools import cache
from typing import Any, Final

from flask import Flask, Response, abort

from app import __version__
from app.settings import Settings
from app.web.assets import (
    ASSETS,
    digest,
    file_address,
    file_response,
    offline_script,
    stylesheet_address,
)
from components.shell import offline
from components.shell.navigation import places
from components.shell.shell import MANIFEST
from components.ui.theme import LIGHT

WORKER: Final = "/assets/service-worker.js"
PAGE: Final = "/assets/offline.html"
SOURCE: Final = "shell/service_worker.js"
PLACEHOLDER: Final = "__SHELL__"
"""In the worker's source: the version, the page's address and those of its files, as JSON."""
ICONS: Final = tuple((f"icon-{size}", f"maskable-{size}", f"{size}x{size}") for size in (192, 512))
"""Files of assets/shell: for any place, for one that a platform cuts to its own shape, and their size."""
SHORTCUTS: Final = 4
"""Pages in the menu of the installed application's icon; platforms show no more."""


def register_installable(server: Flask, settings: Settings) -> None:
    """Serve the three files; where the settings say so there are none, and pages take the worker away again."""

    def serve(rule: str, endpoint: str, made: Any) -> None:
        def view() -> Response:
            if not settings.installable:
                abort(404)
            answer: Response = made()
            return answer

        server.add_url_rule(rule, endpoint, view)

    serve(MANIFEST, "installable.manifest", _manifest)
    serve(WORKER, "installable.worker", _worker)
    serve(PAGE, "installable.page", lambda: file_response(offline_page(), "text/html"))


@cache
def offline_page() -> bytes:
    """The document that stands for every page while the server cannot be reached."""
    return offline.document(
        styles=stylesheet_address(),
        scheme=file_address("ui/scheme.js"),
        script=offline_script().address,
        favicon=file_address("favicon.svg"),
        version=__version__,
    ).encode()


@cache
def service_worker() -> bytes:
    """The worker with what it keeps; other content makes other bytes, by which browsers know a new version."""
    page = f"{PAGE}?m={digest(offline_page())}"
    files = [
        stylesheet_address(),
        file_address("ui/scheme.js"),
        offline_script().address,
        file_address("favicon.svg"),
    ]
    shell = {"version": digest(json.dumps([page, *files]).encode()), "page": page, "files": files}
    return (ASSETS / SOURCE).read_text(encoding="utf-8").replace(PLACEHOLDER, json.dumps(shell)).encode()


def _worker() -> Response:
    response = file_response(service_worker(), "text/javascript")
    response.headers["Service-Worker-Allowed"] = "/"
    # A worker's own requests fall under the policy of its script, and it asks for every page.
    response.headers["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'"
    return response


def _manifest() -> Response:
    icons = [
        {"src": file_address(f"shell/{name}.png"), "sizes": size, "type": "image/png", "purpose": purpose}
        for plain, masked, size in ICONS
        for name, purpose in ((plain, "any"), (masked, "maskable"))
    ]
    manifest = {
        "id": "/",
        "name": "Tracera",
        "short_name": "Tracera",
        "description": "Prices, volatility and risk of CS2 items and crypto",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": LIGHT.body,
        "theme_color": LIGHT.surface,
        "icons": icons,
        "shortcuts": [{"name": place.name, "url": place.path} for place in places() if place.path != "/"][:SHORTCUTS],
    }
    return file_response(json.dumps(manifest).encode(), "application/manifest+json")
