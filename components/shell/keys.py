"""Keys: a dialog that lists them, opened by `?`; assets/shell/keys.js."""

from typing import Any

import dash_mantine_components as dmc
from dash import html

DIALOG = "keys"
Key = tuple[tuple[str, ...], str]
GROUPS: tuple[tuple[str, tuple[Key, ...]], ...] = (
    (
        "Everywhere",
        (
            (("Ctrl K", "⌘ K"), "Search items, pages and actions"),
            (("?",), "This list"),
            (("Esc",), "Close what is open"),
        ),
    ),
    (
        "Items and watchlists",
        (
            (("/",), "Search in the list; add to a watchlist"),
            (("j", "↓"), "Next row"),
            (("k", "↑"), "Row before"),
            (("Enter",), "Open the item"),
            (("w",), "Watch the item; its note, target and lists"),
            (("c",), "Tick the item, to compare it with others"),
        ),
    ),
    (
        "Chart of an item, once it has the focus",
        (
            (("←", "→"), "Earlier, later"),
            (("+", "-"), "Closer, wider"),
            (("0",), "All of it"),
            (("End",), "The newest"),
        ),
    ),
    (
        "Chart of a comparison, once it has the focus",
        (
            (("←", "→"), "Levels of the moment before, after"),
            (("Home", "End"), "The beginning, the newest"),
        ),
    ),
)


def dialog() -> dmc.Modal:
    """Closed at first; its content is made when it opens."""
    return dmc.Modal(
        [_group(name, keys) for name, keys in GROUPS],
        id=DIALOG,
        title="Keyboard",
        opened=False,
        size="md",
        className="keys-dialog",
        closeButtonProps={"aria-label": "Close"},
        transitionProps={"duration": 120, "transition": "fade"},
    )


def _group(name: str, keys: tuple[Key, ...]) -> html.Section:
    lines: list[Any] = []
    for each, meaning in keys:
        lines += [html.Dt([html.Kbd(key) for key in each]), html.Dd(meaning)]
    return html.Section([html.H3(name), html.Dl(lines)], className="keys-group")
