"""Dropdown menu: a button and the browser's own popover, which opens and closes it (assets/ui/menu.js adds the rest)."""

from typing import Any

from dash import html

ENTRY = "menu-entry"


class _Opener(html.Button):
    """A button that opens and closes the popover of an id; Dash knows no such attribute."""

    def __init__(self, *args: Any, opens: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._opens = opens

    def to_plotly_json(self) -> dict[str, Any]:
        """What Dash sends, with the attribute."""
        described: dict[str, Any] = super().to_plotly_json()  # type: ignore[no-untyped-call]  # Dash does not annotate it
        described["props"]["popovertarget"] = self._opens
        return described


class _Popover(html.Div):
    """An element that the browser hides until its opener is clicked."""

    def to_plotly_json(self) -> dict[str, Any]:
        """What Dash sends, with the attribute."""
        described: dict[str, Any] = super().to_plotly_json()  # type: ignore[no-untyped-call]  # Dash does not annotate it
        described["props"]["popover"] = "auto"
        return described


def menu(name: str, face: list[Any], entries: list[Any], *, look: str, **button: Any) -> html.Div:
    """`name` is its id, `face` is what is always seen, with the class `look`; `entries` are links and buttons of class `ENTRY`."""
    # Mantine's menu puts its ARIA attributes on a div that must not have them; this one the browser knows by itself.
    opener = _Opener(face, opens=name, type="button", className=look, **button)
    return html.Div([opener, _Popover(entries, id=name, className="menu-entries")], className="menu")
