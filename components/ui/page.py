"""Page parts: heading, cards, tiles, skeletons, empty and error states."""

from collections.abc import Sequence
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import html

from components.ui.format import DASH
from components.ui.icon import icon

Children = Any
"""What Dash takes as children: a component, a text, or a list of them."""


def register_page(module: str, **options: Any) -> None:
    """dash.register_page, which has no annotations."""
    register: Any = dash.register_page
    register(module, **options)


def page(*children: Children, id: str | None = None) -> html.Div:  # noqa: A002 - Dash's name for it
    """The column that holds a page; 16 px between its parts."""
    attributes: dict[str, Any] = {} if id is None else {"id": id}
    return html.Div(list(children), className="page", **attributes)


def page_header(title: str, description: Children, actions: Children = None) -> html.Header:
    """The page's only h1, what it shows in one line, and what can be done to all of it at the right."""
    words = html.Div([html.H1(title, className="page-title"), html.P(description, className="page-description")])
    return html.Header(
        [words, html.Div(actions, className="page-actions")] if actions is not None else [words],
        className="page-header",
    )


def card(
    *children: Children, title: Children = None, info: Children = None, actions: Children = None, **attributes: Any
) -> html.Section:
    """A framed group; `info` stands small beside the title, `actions` at the right, `attributes` on the section."""
    head = []
    if title is not None:
        words: list[Children] = [html.H2(title, className="card-title")]
        if info is not None:
            words.append(html.Span(info, className="card-info"))
        head.append(
            html.Div(
                [html.Div(words, className="card-words"), *_optional(actions, "card-actions")], className="card-head"
            )
        )
    extra = attributes.pop("className", "")
    return html.Section([*head, *children], className=f"card {extra}".strip(), **attributes)


def tile(label: str, value: Children, note: Children = None, *, info: Children = None) -> html.Div:
    """One figure with its name above and a note below."""
    words = [html.Span(label)] if info is None else [html.Span(label), info]
    return html.Div(
        [
            html.Div(words, className="tile-label"),
            html.Div(value, className="tile-value"),
            html.Div(" " if note is None else note, className="tile-note"),
        ],
        className="tile",
    )


def info_mark(text: Children, *, label: str) -> dmc.Tooltip:
    """An i in a circle that explains a measure on hover and on focus; `label` names what is explained."""
    attributes: dict[str, Any] = {"aria-label": f"About {label}"}
    return dmc.Tooltip(
        html.Button(icon("info", size=14), type="button", className="info-mark", **attributes),
        label=text,
        multiline=True,
        w=300,
        withArrow=True,
        events={"hover": True, "focus": True, "touch": True},
    )


def empty_state(title: str, text: Children, action: Children = None, *, symbol: str = "inbox") -> html.Div:
    """What would be here, and the one action that brings it."""
    return _state("empty", symbol, title, text, action)


def not_yet(text: str, *, clock: str) -> html.Div:
    """The empty state of what comes by itself; the page's `clock`, an interval's id, strikes sooner until it does."""
    again: dict[str, Any] = {"data-again": clock}
    return _state("empty", "inbox", "Not enough prices yet", f"{text} This page fills by itself.", None, **again)


def error_state(
    title: str, text: Children, *, retry: str | dict[str, str] | None = None, works: str | None = None
) -> html.Div:
    """What failed, what still works, and a retry button with the id `retry` where one is given."""
    words: list[Children] = [text]
    if works:
        words.append(html.Span(works, className="state-works"))
    button = (
        dmc.Button("Try again", id=retry, variant="default", size="sm", leftSection=icon("refresh", size=16))
        if retry
        else None
    )
    return _state("error", "alert", title, words, button, role="alert")


DATABASE_DOWN = "The database does not answer"
STILL_WORKS = "Prices that are on the screen keep moving; nothing that was collected is lost."


def database_down(*, retry: str | dict[str, str] | None = None) -> html.Div:
    """The error state for db.core.pool.DatabaseDownError."""
    return error_state(
        DATABASE_DOWN, "This part cannot be read right now. It comes back by itself.", retry=retry, works=STILL_WORKS
    )


def alert(text: str) -> html.Div:
    """What went wrong, in one line above what still works."""
    return html.Div([icon("alert"), html.Span(text)], className="alert", role="alert")


def simulated_badge() -> html.Span:
    """Stands where invented prices are shown."""
    return html.Span("Simulated market", className="badge-simulated")


def skeleton(height: int | str, *, width: int | str = "100%", radius: str = "sm") -> html.Div:
    """A quiet block of the size of what comes; it appears after 150 ms, so quick answers never flicker."""
    shape = {"height": height, "width": width}
    return html.Div(className=f"skeleton skeleton-{radius}", style=shape, **_HIDDEN)


def skeleton_rows(count: int, *, height: int = 36) -> html.Div:
    """Lines of a table that has not come yet: one element, for every one more costs time to draw."""
    shape = {"height": count * height, "--row": f"{height}px"}
    return html.Div(className="skeleton-rows", style=shape, **_HIDDEN)


def skeleton_tiles(count: int) -> html.Div:
    """As many tiles as will come."""
    tiles = [tile(" ", skeleton(26, width="60%"), skeleton(12, width="80%")) for _ in range(count)]
    return html.Div(tiles, className="tiles", **_HIDDEN)


def definition_list(pairs: Sequence[tuple[str, Children]]) -> html.Dl:
    """Names at the left, figures at the right; an unknown one is a dash."""
    lines = [html.Div([html.Dt(name), html.Dd(DASH if value is None else value)]) for name, value in pairs]
    return html.Dl(lines, className="definitions")


_HIDDEN: dict[str, Any] = {"aria-hidden": "true"}


def _optional(children: Children, name: str) -> list[html.Div]:
    return [] if children is None else [html.Div(children, className=name)]


def _state(kind: str, symbol: str, title: str, text: Children, action: Children, **attributes: Any) -> html.Div:
    parts = [
        icon(symbol, size=28),
        html.P(title, className="state-title"),
        html.Div(text, className="state-text"),
        *_optional(action, "state-action"),
    ]
    return html.Div(parts, className=f"state state-{kind}", **attributes)
