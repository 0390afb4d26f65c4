"""Markup: long parts of a page as one text of HTML.

Dash's renderer keeps every component of a callback's answer in its store, and each new one tells all others: a table of
100 rows, some 1,500 components, kept the browser busy for eight seconds. Such parts are sent as text and put into place
by assets/ui/markup.js; what must be a Dash component (buttons, inputs) stands beside them.
"""

import re
from collections.abc import Callable
from html import escape
from typing import Any

import structlog
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from components.ui import clientside
from components.ui.page import Children, database_down
from db.core.pool import DatabaseDownError

log = structlog.get_logger(__name__)

_NAMES = {"className": "class", "tabIndex": "tabindex", "colSpan": "colspan", "dateTime": "datetime"}
_EMPTY = frozenset({"img", "hr", "br", "col", "wbr"})
_CAPITAL = re.compile("[A-Z]")


def to_html(children: Children) -> str:
    """Components of dash.html and dcc.Link as HTML, every text and attribute escaped.

    Raises TypeError for other components: they need Dash.
    """
    if children is None:
        return ""
    if isinstance(children, (list, tuple)):
        return "".join(map(to_html, children))
    if isinstance(children, (str, int, float)):
        return escape(str(children))
    if not isinstance(children, Component):
        raise TypeError(f"not a component: {children!r}")
    described: dict[str, Any] = children.to_plotly_json()  # type: ignore[no-untyped-call]  # Dash does not annotate it
    properties = dict(described["props"])
    inner = properties.pop("children", None)
    if described["namespace"] == "dash_html_components":
        tag = described["type"].lower()
        if tag == "img":  # Dash's has no such property
            properties |= {"loading": "lazy"}
    elif described["type"] == "Link":
        tag, properties = "a", properties | {"data-inner": ""}
    else:
        raise TypeError(f"{described['namespace']}.{described['type']} cannot be written as HTML")
    opening = f"<{tag}{''.join(_attribute(name, value) for name, value in properties.items())}>"
    return opening if tag in _EMPTY else f"{opening}{to_html(inner)}</{tag}>"


def _attribute(name: str, value: Any) -> str:
    name = _NAMES.get(name, name)
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    if name == "style":
        value = ";".join(f"{_CAPITAL.sub(_dashed, key)}:{one}" for key, one in value.items())
    return f' {name}="{escape(str(value))}"'


def _dashed(capital: re.Match[str]) -> str:
    return f"-{capital[0].lower()}"


def frame(name: str, waiting: Children, *, className: str = "") -> html.Div:  # noqa: N803 - Dash's name for it
    """Where the markup `name` appears; `waiting` stands there until it does."""
    return html.Div(
        [
            html.Div(id=name, className="markup"),
            html.Div(waiting, id=f"{name}-state", className="markup-state"),
            dcc.Store(id=f"{name}-markup"),
        ],
        className=f"markup-frame {className}".strip(),
    )


def outputs(name: str) -> tuple[Output, Output]:
    """What a callback that answers with `answer` writes to."""
    return Output(f"{name}-markup", "data"), Output(f"{name}-state", "children")


def register(app: Dash, *names: str) -> None:
    """Let the browser put these markups into place."""
    for name in names:
        clientside.add(
            app,
            "markup",
            "write",
            Output(name, "data-written"),
            Input(f"{name}-markup", "data"),
            State(name, "id"),
            prevent_initial_call=True,
        )


def answer(render: Callable[[], Children], *, keep: bool, retry: str | None = None) -> tuple[Any, Any]:
    """Markup and state of what `render` makes.

    Where the database is down: what is shown already (`keep`), else the error state with a button of the id `retry`.
    """
    try:
        return to_html(render()), no_update
    except DatabaseDownError as error:
        log.warning("nothing to show: the database does not answer", error=str(error))
        return (no_update, no_update) if keep else ("", database_down(retry=retry))
