"""Items page: the screener, all items in one live table with search, filters and sorting."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html, no_update

from app.items.screener import table
from app.spreadsheet import csv_text
from components.items import shown
from components.items.filters import WINDOWS, check_box, filter_bar
from components.items.grid import COLUMNS, item_grid
from components.items.query import Chosen, ItemsQuery
from components.items.toolbar import button, toolbar
from components.ui import clientside, context
from components.ui.inputs import Times
from components.ui.page import STILL_WORKS, card, empty_state, error_state, page, page_header, register_page
from db.core.pool import DatabaseDownError

LISTS = ("weapon_type", "wear", "rarity", "source", "kind")
NUMBERS = ("price_min", "price_max", "change_min", "change_max", "volume_min")
PARAMETERS = {"search": "q", "weapon_type": "type"}
DEFAULT_SORT = "-turnover"


def register(app: Dash) -> None:
    register_page(__name__, path="/items", title="Items · Tracera", layout=layout)
    _register_browser(app)
    app.callback(
        Output("items-weapon_type", "children"),
        Output("items-wear", "children"),
        Output("items-rarity", "children"),
        Output("items-source", "children"),
        Input("items-facets", "n_intervals"),
    )(update_choices)
    app.callback(
        Output("items-download", "data"),
        Input("items-csv", "n_clicks"),
        State("items-query", "data"),
        State("items-columns", "value"),
        prevent_initial_call=True,
    )(download_csv)


def layout(**query: str) -> html.Div:
    if not context.has_items():
        return page(page_header("Items", "Everything with a price, live."), card(nothing_listed()))
    values = read(query)
    total = html.Span(id="items-total", role="status")
    actions = toolbar("items", button("Save screen", "items-save", "plus"), COLUMNS)
    return page(
        page_header(
            "Items",
            [html.Span("Everything with a price, live. ", className="items-about"), total],
            actions,
        ),
        html.Section(
            [
                html.Div(id="items-screens", className="screen-chips"),
                filter_bar(values),
                html.Div([item_grid(values["sort"]), _states()], className="items-frame"),
            ],
            className="card items-screener",
        ),
        dcc.Store(id="items-query", data=values),
        dcc.Store(id="items-asked", data=values),
        dcc.Store(id="items-sorted", data=values["sort"]),
        dcc.Interval(id="items-facets", interval=60_000),
        dcc.Download(id="items-download"),
        html.Div(id="items-copied", role="status", className="items-copied"),
    )


def nothing_listed() -> html.Div:
    """An instance of exchanges alone."""
    go = dcc.Link("All pairs", href="/crypto", className="item-button")
    return empty_state("No items here", "This instance collects pairs of exchanges alone.", go, symbol="crypto")


def read(parameters: dict[str, str]) -> dict[str, Any]:
    """The address's query as values of the controls; what makes no sense is left out."""
    of = {
        name: parameters.get(PARAMETERS.get(name, name), "") for name in (*LISTS, *NUMBERS, "search", "window", "sort")
    }
    values: dict[str, Any] = {"search": of["search"]}
    values |= {name: [part for part in of[name].split(",") if part] for name in LISTS}
    values |= {name: _number(of[name]) for name in NUMBERS}
    values["window"] = of["window"] if of["window"] in WINDOWS else WINDOWS[0]
    values["sort"] = of["sort"] if of["sort"].removeprefix("-") in table.SORTS else DEFAULT_SORT
    return values


def update_choices(_beat: Times) -> tuple[Any, ...]:
    """The check boxes of types, wears, rarities and sources, with how many items each has."""
    try:
        found = table.of(context.database()).facets()
    except DatabaseDownError:
        return (no_update,) * 4
    return tuple(
        [check_box(name, count=count) for name, count in found[facet]]
        for facet in ("weapon_type", "wear", "rarity", "source")
    )


def download_csv(clicks: Times, query: ItemsQuery, columns: Chosen) -> Any:
    """Every row that the query asks for, not only the loaded ones, in the columns that are shown."""
    if not clicks:
        return no_update
    try:
        found = table.of(context.database()).page(as_query(query), 0, 1_000_000)
    except DatabaseDownError:
        return no_update
    now = datetime.now(UTC)
    return {
        "content": as_csv(found.rows, columns, query["window"]),
        "filename": f"items-{now:%Y%m%d-%H%M%S}Z.csv",
        "type": "text/csv",
    }


def as_query(query: ItemsQuery) -> table.Query:
    """The store's query as the screener's."""
    sort = query["sort"]
    return table.Query(
        search=query["search"],
        weapon_type=tuple(query["weapon_type"]),
        wear=tuple(query["wear"]),
        rarity=tuple(query["rarity"]),
        source=tuple(query["source"]),
        price_min=query["price_min"],
        price_max=query["price_max"],
        change_min=query["change_min"],
        change_max=query["change_max"],
        volume_min=query["volume_min"],
        kinds=tuple(sorted(set(query["kind"]))),
        window=query["window"],
        sort=sort.removeprefix("-"),
        descending=sort.startswith("-"),
    )


def as_csv(found: list[dict[str, Any]], columns: Sequence[str], window: str) -> str:
    """What the grid shows as CSV: money in whole units, shares in percent, times in UTC."""
    return csv_text(shown.lines(found, columns, window), mark=True)


def _register_browser(app: Dash) -> None:
    """What the browser does itself, asking for rows included: assets/items/page.js."""
    clientside.add(
        app,
        "items",
        "rows",
        Output("items-grid", "getRowsResponse"),
        Output("items-total", "children"),
        Output("items-state", "data-state"),
        Output("items-error", "children"),
        Input("items-grid", "getRowsRequest"),
        State("items-query", "data"),
        prevent_initial_call=True,
    )
    controls = [
        *(
            "search",
            "weapon_type",
            "wear",
            "rarity",
            "source",
            "kind",
            "price-min",
            "price-max",
            "change-min",
            "change-max",
        ),
        *("volume-min", "window"),
    ]
    clientside.add(
        app,
        "items",
        "query",
        Output("items-query", "data"),
        *(Input(f"items-{name}", "value") for name in controls),
        Input("items-sorted", "data"),
    )
    clientside.add(
        app, "items", "ask", Output("items-asked", "data"), Input("items-query", "data"), State("items-asked", "data")
    )
    for function, component, prop in (
        ("retry", "items-retry", "n_clicks"),
        ("columns", "items-columns", "value"),
        ("resort", "items-sort", "value"),
        ("clear", "items-clear", "n_clicks"),
        ("clear", "items-clear-all", "n_clicks"),
    ):
        clientside.add(app, "items", function, Input(component, prop), prevent_initial_call=True)
    copied = Output("items-copied", "children")
    clientside.add(app, "items", "copy", copied, Input("items-copy", "n_clicks"), prevent_initial_call=True)


def _states() -> html.Div:
    """What stands in place of rows; assets/items/page.js says which."""
    clear = dmc.Button("Clear filters", id="items-clear-all", variant="default", size="sm")
    nothing = empty_state("No item fits", "Nothing matches the search and all of the filters.", clear, symbol="search")
    failed = error_state(
        "The items cannot be read right now",
        html.Span(id="items-error"),
        retry="items-retry",
        works=STILL_WORKS,
    )
    parts = [html.Div(nothing, className="items-none"), html.Div(failed, className="items-failed")]
    return html.Div(parts, id="items-state", className="items-state")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None
