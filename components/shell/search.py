"""Global search: a dialog with a combobox, driven by assets/shell/search.js."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import Dash, Input, Output, html

from components.items.row import item_name, item_picture
from components.shell import destinations
from components.shell.destinations import Destination
from components.ui import context
from components.ui.figures import change
from components.ui.icon import icon
from components.ui.inputs import Text
from components.ui.live import live_price
from components.ui.page import Children, database_down, empty_state
from db.candles import listed
from db.candles.listed import Listed
from db.core.pool import DatabaseDownError, Row
from db.items import items

DIALOG, INPUT, RESULTS, OPENER = "search", "search-input", "search-results", "search-open"
LIMIT = 12
MOST_LISTED = 4
"""Pairs that nobody has opened yet, below the items."""
MAX_QUERY_LENGTH = 100
COMBOBOX = {
    "role": "combobox",
    "aria-expanded": "true",
    "aria-controls": RESULTS,
    "aria-autocomplete": "list",
    "enterkeyhint": "go",
}


def name() -> str:
    """What is searched for: pairs are found among items, too."""
    return "Search items" if context.has_items() else "Search pairs"


def opener() -> html.Button:
    """What looks like a search field in the header."""
    words = [icon("search", size=16), html.Span(name(), className="search-words"), html.Kbd("Ctrl K")]
    attributes: dict[str, Any] = {
        "aria-haspopup": "dialog",
        "aria-keyshortcuts": "Control+K Meta+K",
        "aria-label": name(),
    }
    return html.Button(words, id=OPENER, type="button", className="search-open", **attributes)


def dialog() -> dmc.Modal:
    """Closed at first; its content is made when it opens."""
    field = dmc.TextInput(
        id=INPUT,
        value="",
        debounce=100,
        size="md",
        placeholder="Name, finish or wear, in any order" if context.has_items() else "Symbol, such as BTC",
        leftSection=icon("search"),
        autoComplete="off",
        spellCheck=False,
        variant="unstyled",
        className="search-field",
        attributes={"input": {**COMBOBOX, "aria-label": name(), "data-autofocus": "true"}},
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
        title=name(),
        opened=False,
        withCloseButton=False,
        size="lg",
        padding=0,
        yOffset="10dvh",
        className="search-dialog",
        transitionProps={"duration": 120, "transition": "fade"},
    )


def _hint() -> html.Div:
    if not context.has_items():
        return html.Div(["Letters of a symbol find a pair: ", html.Strong("btc"), "."], className="search-hint")
    return html.Div(
        [
            "Any words in any order find an item: ",
            html.Strong("red ak"),
            ", ",
            html.Strong("fn doppler"),
            ". Pages and actions are found, too: ",
            html.Strong("dark"),
            ".",
        ],
        className="search-hint",
    )


def results(found: Sequence[Row], pairs: Sequence[Listed] = (), places: Sequence[Destination] = ()) -> html.Div:
    """What was found, as options of the combobox, the first one chosen; `pairs` become items when they are opened."""
    parts = [
        *(_place_parts(place) for place in places),
        *(_item_parts(row) for row in found),
        *(_listed_parts(pair) for pair in pairs),
    ]
    options = [_option(at, *one) for at, one in enumerate(parts)]
    name: dict[str, Any] = {"aria-label": "Found"}
    return html.Div(options, id=RESULTS, role="listbox", **name)


Parts = tuple[list[Children], dict[str, Any]]
"""What an option shows, and where it leads."""


def _option(at: int, shown: list[Children], leads: dict[str, Any]) -> html.Div:
    attributes: dict[str, Any] = {"role": "option", "aria-selected": "true" if at == 0 else "false", **leads}
    return html.Div(shown, id=f"search-option-{at}", className="option", **attributes)


def _place_parts(place: Destination) -> Parts:
    mark = html.Span(icon(place.icon, size=16), className="item-picture")
    kind = html.Span(place.kind, className="option-note muted")
    leads = {"data-href": place.href} if place.href is not None else {"data-action": place.action}
    return [mark, html.Span(place.name, className="option-name"), kind], leads


def _item_parts(row: Row) -> Parts:
    price = live_price(
        row["id"],
        row["price"],
        price_scale=row["price_scale"],
        currency=row["currency"],
        source=row["source"],
        quoted_at=row["price_time"],
    )
    figures = html.Span([price, change(row["percent_change"])], className="option-figures")
    shown = [item_picture(row), html.Span(item_name(row), className="option-name"), figures]
    return shown, {"data-href": f"/item/{row['id']}"}


def _listed_parts(pair: Listed) -> Parts:
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    mark = html.Span(pair.base_currency[:1], className="item-picture", **hidden)
    words = [
        html.Span(f"{pair.base_currency} / {pair.quote_currency}"),
        html.Span(f" {pair.symbol}", className="muted"),
    ]
    note = html.Span(f"open to follow it at {pair.source}", className="option-figures muted")
    return [mark, html.Span(words, className="option-name"), note], {"data-href": f"/item/{quote(pair.symbol)}"}


def update_results(text: Text | None) -> Children:
    """What the dialog shows for a text."""
    words = (text or "").strip()[:MAX_QUERY_LENGTH]
    if not words:
        return _hint()
    try:
        found = items.search(context.database(), words, LIMIT)
        pairs = listed.unopened(context.database(), words, MOST_LISTED)
    except DatabaseDownError:
        return database_down()
    places = destinations.found(words)
    if not found and not pairs and not places:
        return empty_state("Nothing found", f"No item has all of “{words}” in its name.", symbol="search")
    return results(found, pairs, places)


def register(app: Dash) -> None:
    """Answer while one types."""
    app.callback(Output("search-body", "children"), Input(INPUT, "value"), prevent_initial_call=True)(update_results)
