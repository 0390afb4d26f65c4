"""Offline page: what stands in place of every page while the server cannot be reached; assets/shell/offline.js fills it."""

from html import escape
from typing import Any

from dash import html

from components.ui.icon import icon
from components.ui.markup import to_html
from components.ui.page import Children

HINTS: tuple[tuple[str, Children], ...] = (
    ("network", "This device has no network. Once it is connected again, this page goes on by itself."),
    (
        "here",
        [
            "Tracera does not run on this machine. Start it: ",
            html.Code("make run"),
            " in its folder, or ",
            html.Code("tracera serve"),
            ".",
        ],
    ),
    (
        "away",
        "The server does not answer, or something between it and this device. Whoever runs it finds why in its log.",
    ),
)
"""What to do, by the case that the script finds."""
NOTHING_KEPT = "No price and no portfolio is kept on this device, so nothing old is shown in their place."


def document(*, styles: str, scheme: str, script: str, favicon: str, version: str) -> str:
    """The whole document; it asks for the files named here alone."""
    return f"""<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Not reached · Tracera</title>
    <link rel="icon" type="image/svg+xml" href="{escape(favicon)}">
    <script src="{escape(scheme)}"></script>
    <link rel="stylesheet" href="{escape(styles)}">
  </head>
  <body class="offline">
    {to_html(_body(version))}
    <script type="module" src="{escape(script)}"></script>
  </body>
</html>
"""


def _body(version: str) -> list[Any]:
    brand = html.Div([html.Span(className="brand-mark"), html.Span("Tracera")], className="brand")
    hints: list[Any] = []
    for case, words in HINTS:
        attributes: dict[str, Any] = {"data-case": case}
        hints.append(html.P(words, className="state-text", hidden=True, **attributes))
    said: dict[str, Any] = {"role": "status"}
    main = html.Main(
        [
            icon("alert", size=28),
            html.H1("Tracera cannot be reached", className="state-title"),
            html.P(id="offline-since", className="offline-since", **said),
            *hints,
            html.Div(
                html.Button("Try again", id="offline-again", className="button button-filled"), className="state-action"
            ),
            html.P([NOTHING_KEPT, f" Version {version}."], className="offline-note"),
        ],
        className="state state-error offline-main",
    )
    return [html.Header(html.Div(brand, className="header"), className="first-header"), main]
