"""The grid of all items: columns, and how AG Grid asks for rows. Cells are drawn by assets/items/cells.js."""

from typing import Any

import dash_ag_grid as dag

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
LEFT = ("weapon_type", "rarity")


def item_grid(sort: str) -> dag.AgGrid:
    """The grid, ordered by `sort`: a column, with a minus before it where the greatest comes first."""
    return dag.AgGrid(
        id="items-grid",
        rowModelType="infinite",
        columnDefs=_columns(sort),
        defaultColDef={
            "sortable": True,
            "resizable": True,
            "suppressHeaderMenuButton": True,
            "suppressHeaderContextMenu": True,
            "sortingOrder": ["desc", "asc"],
        },
        dashGridOptions={
            "theme": {"function": "itemsTheme(themeQuartz)"},
            "cacheBlockSize": BLOCK,
            "maxBlocksInCache": 12,
            "infiniteInitialRowCount": 20,
            "maxConcurrentDatasourceRequests": 1,
            "blockLoadDebounceMillis": 40,
            "rowBuffer": 8,
            "animateRows": False,
            "suppressCellFocus": False,
            "suppressDragLeaveHidesColumns": True,
            "suppressNoRowsOverlay": True,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "tooltipShowDelay": 400,
        },
        className="items-grid",
        style={"height": "100%", "width": "100%"},
    )


def _columns(sort: str) -> list[dict[str, Any]]:
    item = {
        "field": "name",
        "headerName": "Item",
        "pinned": "left",
        "lockPosition": "left",
        "suppressMovable": True,
        "width": 304,
        "minWidth": 200,
        "cellRenderer": "ItemCell",
        "sortingOrder": ["asc", "desc"],
    }
    return [_sorted(item, sort), *(_sorted(_column(*column), sort) for column in COLUMNS)]


def _column(field: str, head: str, meaning: str, width: int, shown: bool) -> dict[str, Any]:  # noqa: FBT001
    column: dict[str, Any] = {
        "field": field,
        "headerName": head,
        "headerTooltip": meaning,
        "width": width,
        "minWidth": 80,
        "hide": not shown,
        "cellRenderer": "FigureCell",
    }
    if field == "sparkline":
        return column | {"cellRenderer": "SparklineCell", "sortable": False, "flex": 1}
    if field == "at":
        return column | {"cellRenderer": "SourceCell"}
    if field in LEFT:
        return column | {"sortingOrder": ["asc", "desc"]}
    return column | {"type": "rightAligned"}


def _sorted(column: dict[str, Any], sort: str) -> dict[str, Any]:
    if column["field"] != sort.removeprefix("-"):
        return column
    return column | {"sort": "desc" if sort.startswith("-") else "asc"}
