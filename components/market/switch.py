"""Market switch: which market a page shows; only where an instance has several."""

from collections.abc import Mapping
from typing import Annotated, Any

import dash_mantine_components as dmc
from dash import html
from pydantic import AfterValidator

from app.providers.markets import MARKETS, Market
from components.ui import context, url_state


def _known(market: str) -> str:
    if market not in MARKETS:
        raise ValueError(f"none of {', '.join(MARKETS)}")
    return market


MarketId = Annotated[str, AfterValidator(_known)]
"""A callback's input: the switch's value."""


def chosen(query: Mapping[str, Any]) -> Market:
    """The market that an address asks for; the instance's first one where it names none that is collected."""
    known = [market.id for market in context.markets()]
    return MARKETS[url_state.one_of(query, "market", known, known[0])]


def default() -> str:
    """The market that shows where an address names none."""
    return context.markets()[0].id


def market_switch(page: str, market: Market) -> html.Div:
    """The control `market` of a page; it is not shown where there is nothing to choose."""
    markets = context.markets()
    attributes: dict[str, Any] = {"aria-label": "Market"}
    control = dmc.SegmentedControl(
        id=url_state.control(page, "market"),
        data=[{"value": one.id, "label": one.name} for one in markets],
        value=market.id,
        size="sm",
        **attributes,
    )
    return html.Div(control, className="market-switch", hidden=len(markets) < 2)  # noqa: PLR2004 - a choice
