"""Item grid: columns, and how AG Grid asks for rows; cells are drawn by assets/items/cells.js."""

from typing import Any

import dash_ag_grid as dag

from components.items.shown import described

BLOCK = 100
COLUMNS: tuple[tuple[str, str, str, int, bool], ...] = (
    # field, head, what it means, width, shown at first
    ("price", "Price", "Newest quote of the item's reference source", 104, True),
    ("percent_change", "Change", "Price now against the last one before the window", 108, True),
    ("return_volatility", "Volatility", "Standard deviation of logarithmic returns, per day", 96, True),
    ("trend_slope", "Trend", "Least-squares slope per day, and how well the line fits (R²)", 144, True),
    ("volume", "Sales 24 h", "Sales in the last 24 hours", 96, True),
    ("turnover", "Turnover", "Sales in the last 24 hours, times the price", 108, True),
    ("sparkline", "24 h", "Prices of the last 24 hours", 96, True),
    ("at", "Source", "Who quoted the price, and how long ago", 128, True),
    ("weapon_type", "Type", "Type of item", 128, False),
    ("rarity", "Rarity", "Rarity grade", 144, False),
    ("listings", "Listings", "Offers on the market now", 104, False),
    ("trend_score", "Trend score", "Slope times R²", 112, False),
    ("coefficient_of_variation", "Variation", "Standard deviation of prices divided by their mean", 104, False),
    ("max_drawdown", "Drawdown", "Largest fall from a peak in the window", 112, False),
    ("sharpe", "Sharpe", "Mean return by its deviation, per year; no risk-free rate", 104, False),
)
OWN: tuple[tuple[str, str, str, int, bool], ...] = (
    ("target_price", "Target", "Your target price, and by how much the price would have to change", 172, True),
    ("note", "Note", "What you noted", 128, True),
)
FIRST = ("price", "percent_change", "return_volatility", "sparkline", "target_price", "note", "at")
_KNOWN = {column[0]: column for column in (*COLUMNS, *OWN)} | {"price": (*COLUMNS[0][:3], 128, True)}
WATCHED = tuple(
    (*_KNOWN[field][:4], field in FIRST) for field in (*FIRST, *(name for name in _KNOWN if name not in FIRST))
)
"""Columns of watchlists: those of the items, and what one notes."""
LEFT = ("weapon_type", "rarity", "note")
ORDERS = {"price": "moneyOrder", "turnover": "moneyOrder", "target_price": "targetOrder"}
CELLS = {"note": "NoteCell", "target_price": "TargetCell"}


def item_grid(sort: str) -> dag.AgGrid:
    """The grid of all items, ordered by `sort`: a column, with a minus before it where the greatest comes first."""
    star = _button("star", "StarCell")
    options = {
        "cacheBlockSize": BLOCK,
        "maxBlocksInCache": 12,
        "infiniteInitialRowCount": 20,
        "maxConcurrentDatasourceRequests": 1,
        "blockLoadDebounceMillis": 40,
    }
    columns = [ITEM, star, _button("tick", "TickCell"), *(_column(*column) for column in COLUMNS)]
    return _grid("items-grid", "infinite", [_sorted(column, sort) for column in columns], options)


def watch_grid() -> dag.AgGrid:
    """The grid of a watchlist: the same columns beside notes and targets, all rows in the browser."""
    columns = [
        ITEM,
        _button("edit", "EditCell"),
        _button("tick", "TickCell"),
        *(_column(*column) for column in WATCHED),
    ]
    return _grid("watchlist-grid", "clientSide", [_ordered(column) for column in columns], {})


ITEM: dict[str, Any] = {
    "field": "name",
    "headerName": "Item",
    "pinned": "left",
    "lockPosition": "left",
    "suppressMovable": True,
    "width": 304,
    "minWidth": 200,
    "cellRenderer": "ItemCell",
    "sortingOrder": ["asc", "desc"],
    "context": described("name"),
}


def _grid(name: str, model: str, columns: list[dict[str, Any]], options: dict[str, Any]) -> dag.AgGrid:
    return dag.AgGrid(
        id=name,
        rowModelType=model,
        columnDefs=columns,
        **({"getRowId": "rowId(params.data)", "rowData": []} if model == "clientSide" else {}),
        defaultColDef={
            "sortable": True,
            "resizable": True,
            "suppressHeaderMenuButton": True,
            "suppressHeaderContextMenu": True,
            "sortingOrder": ["desc", "asc"],
        },
        dashGridOptions={
            "theme": {"function": "itemsTheme(themeQuartz)"},
            "rowBuffer": 8,
            "animateRows": False,
            "suppressCellFocus": False,
            "suppressDragLeaveHidesColumns": True,
            "suppressNoRowsOverlay": True,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "tooltipShowDelay": 400,
            **options,
        },
        className="items-grid",
        style={"height": "100%", "width": "100%"},
    )


def _button(field: str, renderer: str) -> dict[str, Any]:
    """A column of buttons behind the item."""
    return {
        "field": field,
        "headerName": "",
        "pinned": "left",
        "lockPosition": "left",
        "suppressMovable": True,
        "sortable": False,
        "resizable": False,
        "width": 48,
        "minWidth": 48,
        "cellRenderer": renderer,
        "cellClass": "items-button-cell",
    }


def _ordered(column: dict[str, Any]) -> dict[str, Any]:
    """The same with the browser's order: assets/items/watchlist.js; unknown comes last either way."""
    if column["field"] == "name":
        return column
    return column | {"comparator": {"function": ORDERS.get(column["field"], "plainOrder")}}


def _column(field: str, head: str, meaning: str, width: int, shown: bool) -> dict[str, Any]:  # noqa: FBT001 - a row of COLUMNS
    column: dict[str, Any] = {
        "field": field,
        "headerName": head,
        "headerTooltip": meaning,
        "width": width,
        "minWidth": 80,
        "hide": not shown,
        "cellRenderer": "FigureCell",
        "context": described(field),
    }
    if field == "sparkline":
        return column | {"cellRenderer": "SparklineCell", "sortable": False, "flex": 1, "minWidth": 72}
    if field == "at":
        return column | {"cellRenderer": "SourceCell"}
    if field in CELLS:
        column |= {"cellRenderer": CELLS[field]}
    if field in LEFT:
        return column | {"sortingOrder": ["asc", "desc"]}
    return column | {"type": "rightAligned"}


def _sorted(column: dict[str, Any], sort: str) -> dict[str, Any]:
    if column["field"] != sort.removeprefix("-"):
        return column
    return column | {"sort": "desc" if sort.startswith("-") else "asc"}
