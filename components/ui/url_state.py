"""URL state: a page's settings in its address, so that reload, back and links give the same view (assets/shell/shell.js)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dash import Dash, Input, Output, html

from components.ui import clientside


def control(page: str, name: str) -> dict[str, str]:
    """The Dash id of the control that sets `name` on a page."""
    return {"page": page, "url": name}


def outermost(content: html.Div, page: str, defaults: Mapping[str, str | int]) -> html.Div:
    """The page, saying which settings it has; one at its default does not show in the address."""
    attributes: dict[str, Any] = {"data-url-page": page, "data-url-defaults": json.dumps(dict(defaults))}
    return html.Div(content, **attributes)


def register(app: Dash, page: str, names: Sequence[str]) -> None:
    """Write the controls' values to the address as they change."""
    clientside.add(
        app,
        "urlState",
        "push",
        # Nothing is written there; Dash wants an output.
        Output(control(page, names[0]), "data-pushed"),
        *[Input(control(page, name), "value") for name in names],
        prevent_initial_call=True,
    )


def one_of(query: Mapping[str, Any], name: str, allowed: Sequence[str], default: str) -> str:
    """A setting from the address; anything unknown counts as the default."""
    value = str(query.get(name, default))
    return value if value in allowed else default


def whole(query: Mapping[str, Any], name: str, default: int, greatest: int) -> int:
    """A whole number from the address, 0 to `greatest`; anything else counts as the default."""
    text = str(query.get(name, ""))
    return (
        min(int(text), greatest)
        if text.isascii() and text.isdigit() and len(text) < len(str(greatest)) + 3
        else default
    )
