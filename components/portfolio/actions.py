"""Portfolio actions: choose another portfolio, import, share, settings.

Import is in assets/portfolio/import.js, the dialogs are built by assets/portfolio/dialogs.js from the JSON given here.
"""

import json
from typing import Any

import dash_mantine_components as dmc
from dash import html

from app.portfolio.currencies import offered
from components.portfolio.states import import_button, imported_note, link_steam
from components.ui import context
from components.ui.icon import icon
from components.ui.page import Children
from db.core.pool import Row
from db.portfolio import portfolios

SWITCH = "portfolio-switch"
SETTINGS = ("id", "name", "currency", "price_source", "cost_method", "includes_steam")


def actions(mine: Row, *, linked: bool) -> list[Children]:
    """The header's end, for the portfolio that is shown.

    Raises:
        DatabaseDownError: not now.
    """
    every = portfolios.every(context.database(), mine["user_id"])
    parts: list[Children] = []
    if len(every) > 1:
        parts.append(_switch(every, mine))
    if mine["includes_steam"] and context.has_items():
        parts += [imported_note(), import_button("Import", filled=True)] if linked else [link_steam(filled=True)]
    return [*parts, _opener("share", "Share", "external"), _opener("settings", "Settings", "settings"), _dialogs(mine)]


def _switch(every: list[Row], mine: Row) -> dmc.Select:
    label: dict[str, Any] = {"aria-label": "Portfolio"}
    return dmc.Select(
        id=SWITCH,
        data=[{"value": str(row["id"]), "label": row["name"]} for row in every],
        value=str(mine["id"]),
        allowDeselect=False,
        size="sm",
        className="portfolio-switch",
        **label,
    )


def _opener(name: str, text: str, symbol: str) -> html.Button:
    attributes: dict[str, Any] = {"data-portfolio-dialog": name, "aria-haspopup": "dialog", "aria-label": text}
    words = [icon(symbol, size=16), html.Span(text, className="portfolio-action-words")]
    return html.Button(words, type="button", className="button", **attributes)


def _dialogs(mine: Row) -> html.Div:
    database = context.database()
    currencies, awaited = offered(database, context.settings(), mine["currency"])
    known = {
        "portfolio": {name: mine[name] for name in SETTINGS},
        "currencies": currencies,
        "rates_awaited": awaited,
        "sources": portfolios.sources(database),
    }
    data: dict[str, Any] = {"data-portfolio-known": json.dumps(known)}
    return html.Div(id="portfolio-dialogs", hidden=True, **data)
