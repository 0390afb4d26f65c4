"""Portfolio tabs: one module each, with `layout()` and `register(app)`."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output

from components.portfolio import holdings, returns, risk, transactions, what_if
from components.ui import clientside

TAB = "portfolio-tab"


@dataclass(frozen=True, slots=True)
class Tab:
    """`value` stands in the address."""

    value: str
    label: str
    module: ModuleType


TABS = (
    Tab("holdings", "Holdings", holdings),
    Tab("transactions", "Transactions", transactions),
    Tab("risk", "Risk", risk),
    Tab("what-if", "What-if", what_if),
    Tab("returns", "Returns", returns),
)


def tabs(value: str | None) -> dmc.Tabs:
    """All of them, that of `value` open, the first one for anything unknown."""
    known = [tab.value for tab in TABS]
    named: dict[str, Any] = {"aria-label": "Parts of the portfolio"}
    heads = dmc.TabsList(
        [dmc.TabsTab(tab.label, value=tab.value) for tab in TABS], className="portfolio-tab-list", **named
    )
    panels = [dmc.TabsPanel(tab.module.layout(), value=tab.value, className="portfolio-panel") for tab in TABS]
    # All panels stay in the document: what is in a tab that is not open is not lost.
    return dmc.Tabs([heads, *panels], id=TAB, value=value if value in known else known[0], keepMounted=True)


def register(app: Dash) -> None:
    """Every tab's callbacks, and the open one's name in the address."""
    for tab in TABS:
        tab.module.register(app)
    clientside.add(
        app,
        "portfolioPage",
        "remember",
        # Nothing is written there; Dash wants an output.
        Output(TAB, "data-remembered"),
        Input(TAB, "value"),
        prevent_initial_call=True,
    )
