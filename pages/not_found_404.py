"""Not-found page: shown for unknown addresses. Dash finds it by the name of its module."""

import re

import dash
from dash import Dash, dcc, html
from flask import Response, request

from components.ui.page import empty_state, page, page_header, register_page

ANY_PATH = "/<path:path>"
"""Dash's own rule for whatever no other route takes."""
VARIABLE = re.compile(r"<[^>]+>")


def register(app: Dash) -> None:
    register_page(__name__, path="/not-found", title="Not found · Tracera", layout=layout)
    app.server.after_request(answer_404)


def layout(**_query: str) -> html.Div:
    links = html.Div(
        [
            dcc.Link("Market", href="/", className="button button-filled"),
            dcc.Link("All items", href="/items", className="button"),
        ],
        className="state-buttons",
    )
    words = ["Nothing is at this address. Find an item by its name with ", html.Kbd("Ctrl K"), "."]
    state = empty_state("No such page", words, links, symbol="search")
    return page(page_header("Not found", "404"), html.Section(state, className="card"))


def answer_404(response: Response) -> Response:
    """Tell programs too that there is no such page."""
    rule = request.url_rule
    if rule is not None and rule.rule == ANY_PATH and not is_page(request.path):
        response.status_code = 404
    return response


def is_page(path: str) -> bool:
    """Whether a page takes this path."""
    for known in dash.page_registry.values():
        template = known["path_template"]
        pattern = "[^/]+".join(map(re.escape, VARIABLE.split(template))) if template else re.escape(known["path"])
        if known["module"] != __name__ and re.fullmatch(pattern, path.rstrip("/") or "/"):
            return True
    return False
