"""A menu that drops down from its summary, and closes at a choice, a click elsewhere and Escape (assets/ui/menu.js)."""

from typing import Any

from dash import html

ENTRY = "menu-entry"


def menu(face: list[Any], entries: list[Any], *, look: str, **summary: Any) -> html.Details:
    """`face` is what is always seen, with the class `look`; `entries` are links and buttons of class `ENTRY`."""
    # Mantine's menu puts its ARIA attributes on a div that must not have them; this one the browser knows by itself.
    return html.Details(
        [html.Summary(face, className=look, **summary), html.Div(entries, className="menu-entries")], className="menu"
    )
