"""Transactions tab: a list with a form and files above it, all drawn and sent by assets/portfolio/.

They are drawn in the browser because there are tens of thousands of them: Dash would keep every cell as a component.
"""

import json
from typing import Any

from dash import Dash, Output, html

from app.analytics.portfolio.money import DIGITS
from components.portfolio.panel import OPENED
from components.ui import clientside
from components.ui.icon import icon
from components.ui.menu import ENTRY, menu
from components.ui.page import Children, card, skeleton_rows

ROOT = "portfolio-transactions"
EXPORT = "/api/v1/portfolio/export?format="


def layout() -> Children:
    """The frame; assets/portfolio/transactions.js fills its parts when the tab is opened."""
    decimals: dict[str, Any] = {"data-decimals": json.dumps(DIGITS)}
    polite: dict[str, Any] = {"role": "status"}
    body = card(
        _part("form"),
        _part("filters", className="portfolio-filters", role="search"),
        _part("undo", className="portfolio-undo", **polite),
        _part("selection", className="portfolio-undo", **polite),
        html.Div(skeleton_rows(8), **_named("list")),
        title="Transactions",
        actions=_actions(),
    )
    return html.Div(body, id=ROOT, **decimals)


def register(app: Dash) -> None:
    """Read while the tab is open."""
    clientside.add(
        app,
        "portfolioTransactions",
        "show",
        # Nothing is written there; Dash wants an output.
        Output(ROOT, "data-asked"),
        *OPENED,
    )


def _actions() -> list[Children]:
    expands: dict[str, Any] = {"data-portfolio-add": "", "aria-expanded": "false"}
    add = html.Button(
        [icon("plus", size=16), "Add"],
        type="button",
        className="button button-filled",
        title="Add a transaction",
        **expands,
    )
    entries: list[Children] = [
        _file("csv", "Import a CSV file"),
        _file("steam", "Import Steam's market history"),
        _file("restore", "Restore an export"),
        _export("csv", "Export as CSV"),
        _export("json", "Export everything as JSON"),
    ]
    return [add, menu("portfolio-files", ["Files", icon("chevron-down", size=16)], entries, look="button")]


def _file(kind: str, text: str) -> html.Button:
    opens: dict[str, Any] = {"data-portfolio-file": kind, "aria-haspopup": "dialog"}
    return html.Button([icon("enter", size=16), text], type="button", className=ENTRY, **opens)


def _export(kind: str, text: str) -> html.A:
    exports: dict[str, Any] = {"data-export": kind}
    return html.A([icon("download", size=16), text], href=EXPORT + kind, className=ENTRY, download="", **exports)


def _part(name: str, **attributes: Any) -> html.Div:
    return html.Div(**_named(name), **attributes)


def _named(name: str) -> dict[str, Any]:
    return {"data-part": name}
