"""Dash application: every page, the shell around them, and assets from our own origin."""

import dash
from flask import Flask

import pages
from app.security.dash_dispatch import ERROR_PAGE
from app.web.assets import ASSETS, register_bundles
from components.shell import shell
from components.ui.page import error_state, page
from components.ui.theme import SCHEMES

META_TAGS = [
    {"name": "viewport", "content": "width=device-width, initial-scale=1"},
    *(
        {"name": "theme-color", "media": f"(prefers-color-scheme: {scheme})", "content": colours.surface}
        for scheme, colours in SCHEMES.items()
    ),
]
"""Of every document; the colours are those of an installed page's frame."""


def register_dash(server: Flask) -> dash.Dash:
    """Mount Dash on the server with every page of `pages`."""
    # Dash keeps pages in a process-wide registry; a second application in one process starts from an empty one.
    dash.page_registry.clear()
    application = dash.Dash(
        "tracera",
        server=server,  # type: ignore[arg-type]  # Dash asks for a bool or a callable, a Flask is one
        use_pages=True,
        pages_folder="",
        assets_folder=str(ASSETS),
        title="Tracera",
        update_title="",
        suppress_callback_exceptions=True,
        add_log_handler=False,
        enable_mcp=False,
        # Unset, it follows whether asgiref is installed, which procrastinate brings: then each request makes an event loop.
        use_async=False,
        meta_tags=META_TAGS,
    )
    for module in pages.ALL:
        module.register(application)
    server.extensions["tracera.dash"] = application
    server.extensions[ERROR_PAGE] = lambda title, message: page(error_state(title, message))
    application.layout = shell.layout
    shell.register(application)
    register_bundles(server, application)
    return application
