"""The Dash application: every page, the shell around them, assets from our own origin."""

from http import HTTPStatus
from pathlib import Path

import dash
from flask import Flask, Response, request

import pages
from components import shell

ROOT = Path(__file__).resolve().parent.parent
FOUND = {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}
FOR_GOOD = "public, max-age=31536000, immutable"


def register_dash(server: Flask) -> dash.Dash:
    """Mount Dash on the server with every page of `pages`."""
    # Dash keeps pages in a process-wide registry; a second application in one process starts from an empty one.
    dash.page_registry.clear()
    application = dash.Dash(
        "tracera",
        server=server,  # type: ignore[arg-type]  # Dash asks for a bool or a callable, a Flask is one
        use_pages=True,
        pages_folder="",
        assets_folder=str(ROOT / "assets"),
        title="Tracera",
        update_title="",
        suppress_callback_exceptions=True,
        add_log_handler=False,
        enable_mcp=False,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    for page in pages.ALL:
        page.register(application)
    server.extensions["tracera.dash"] = application
    application.layout = shell.layout
    shell.register(application)
    server.after_request(_keep_assets)
    return application


def _keep_assets(response: Response) -> Response:
    """Let browsers keep assets asked for with the time of their last change: a page has sixty, and asked after each again."""
    if request.path.startswith("/assets/") and "m" in request.args and response.status_code in FOUND:
        response.headers["Cache-Control"] = FOR_GOOD
    return response
