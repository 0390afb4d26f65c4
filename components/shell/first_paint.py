"""First paint: the page frame as plain HTML in the document, shown before any script runs and replaced by the real one."""

from html import escape
from typing import Any

from dash import html

from components.shell import navigation, search
from components.ui.icon import icon
from components.ui.markup import to_html


def first_paint() -> str:
    """Header, navigation and the shape of a page; assets/shell/first_paint.css hides it behind the real ones."""
    words = [icon("search", size=16), html.Span(search.name(), className="search-words")]
    header = html.Div(
        [
            html.Div([html.Span(className="brand-mark"), html.Span("Tracera")], className="brand"),
            html.Div(words, className="search-open"),
        ],
        className="header",
    )
    places: list[Any] = []
    for place in navigation.places():
        if place.name == navigation.LAST:
            places.append(html.Hr(className="nav-rule"))
        places.append(html.Div([icon(place.icon), html.Span(place.name)], className="first-link"))
    shape = [html.Div(className=f"skeleton first-{part}") for part in ("title", "words")]
    shape.append(html.Div([html.Div(className="tile") for _ in range(4)], className="tiles"))
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    frame = [
        html.Div(header, className="first-header"),
        html.Div(places, className="first-side"),
        html.Div(shape, className="first-page"),
    ]
    return to_html(html.Div(frame, className="first", **hidden))


def in_document(index: str, app_entry: str) -> str:
    """A document of Dash with the frame in front of `app_entry`, its placeholder for the application."""
    if app_entry not in index:
        raise ValueError(f"the document has no {escape(app_entry)}")
    return index.replace(app_entry, f"{first_paint()}\n    {app_entry}")
