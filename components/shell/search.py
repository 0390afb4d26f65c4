"""Search from everywhere: a dialog with a combobox; assets/shell/search.js drives it by keyboard."""

from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, html

from components.items.row import item_name, item_picture
from components.ui import context
from components.ui.figures import change
from components.ui.icon import icon
from components.ui.inputs import Text
from components.ui.live import live_price
from components.ui.page import Children, database_down, empty_state
from db.core.pool import DatabaseDownError, Row
from db.items import items

DIALOG, INPUT, RESULTS, OPENER = "search", "search-input", "search-results", "search-open"
LIMIT = 12
LONGEST = 100
COMBOBOX = {
    "role": "combobox",
    "aria-expanded": "true",
    "aria-controls": RESULTS,
    "aria-autocomplete": "list",
    "aria-label": "Search items",
    "enterkeyhint": "go",
}


def opener() -> html.Button:
    """What looks like a search field in the header."""
    words = [icon("search", size=16), html.Span("Search items", className="search-words"), html.Kbd("Ctrl K")]
    attributes: dict[str, Any] = {
        "aria-haspopup": "dialog",
        "aria-keyshortcuts": "Control+K Meta+K",
        "aria-label": "Search items",
    }
    return html.Button(words, id=OPENER, type="button", className="search-open", **attributes)


def dialog() -> dmc.Modal:
    """Closed at first; its content is made when it opens."""
    field = dmc.TextInput(
        id=INPUT,
        value="",
        debounce=100,
        size="md",
        placeholder="Name, finish or wear, in any order",
        leftSection=icon("search"),
        autoComplete="off",
        spellCheck=False,
        variant="unstyled",
        className="search-field",
        attributes={"input": {**COMBOBOX, "data-autofocus": "true"}},
    )
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    keys = html.Div(
        [
            html.Span([html.Kbd("↑"), html.Kbd("↓"), " choose"]),
            html.Span([html.Kbd("Enter"), " open"]),
            html.Span([html.Kbd("Esc"), " close"]),
        ],
        className="search-keys",
        **hidden,
    )
    results = html.Div(_hint(), id="search-body", className="search-body")
    return dmc.Modal(
        [field, results, keys],
        id=DIALOG,
        title="Search items",
        opened=False,
        withCloseButton=False,
        size="lg",
        padding=0,
        yOffset="10dvh",
        className="search-dialog",
        transitionProps={"duration": 120, "transition": "fade"},
    )


def _hint() -> html.Div:
    return html.Div(
        ["Any words in any order find an item: ", html.Strong("red ak"), ", ", html.Strong("doppler factory"), "."],
        className="search-hint",
    )


def results(found: list[Row]) -> html.Div:
    """What was found, as options of the combobox, the first one chosen."""
    options = []
    for place, row in enumerate(found):
        attributes: dict[str, Any] = {
            "role": "option",
            "aria-selected": "true" if place == 0 else "false",
            "data-href": f"/item/{row['id']}",
        }
        price = live_price(
            row["id"],
            row["price"],
            price_scale=row["price_scale"],
            currency=row["currency"],
            source=row["source"],
            quoted_at=row["price_time"],
        )
        figures = html.Span([price, change(row["percent_change"])], className="option-figures")
        parts = [item_picture(row), html.Span(item_name(row), className="option-name"), figures]
        options.append(html.Div(parts, id=f"search-option-{place}", className="option", **attributes))
    name: dict[str, Any] = {"aria-label": "Items found"}
    return html.Div(options, id=RESULTS, role="listbox", **name)


def answer(text: Text | None) -> Children:
    """What the dialog shows for a text."""
    words = (text or "").strip()[:LONGEST]
    if not words:
        return _hint()
    try:
        found = items.search(context.database(), words, LIMIT)
    except DatabaseDownError:
        return database_down()
    if not found:
        return empty_state("Nothing found", f"No item has all of “{words}” in its name.", symbol="search")
    return results(found)


def register(app: Dash) -> None:
    """Answer while one types."""
    app.callback(Output("search-body", "children"), Input(INPUT, "value"), prevent_initial_call=True)(answer)
