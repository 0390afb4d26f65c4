"""Analysis tab: reads the returns of an item or a pair while the tab is open."""

from datetime import UTC, datetime
from typing import Annotated, Any

import dash_mantine_components as dmc
from dash import Dash, Input, html, no_update
from pydantic import AfterValidator

from app.research.item_analysis import SPANS, analyse
from components.item import analysis_view
from components.ui import context, markup, url_state
from components.ui.inputs import ItemId, Name, Times
from components.ui.page import Children, card, skeleton
from db.items import items

PAGE, TAB, SPAN = "item", "tab", "span"
TABS = (("prices", "Prices"), ("analysis", "Analysis"))
DEFAULT_TAB, DEFAULT_SPAN = "prices", "1y"
BODY = "item-analysis"
RETRY = f"{BODY}-retry"


def _known(span: str) -> str:
    if span not in SPANS:
        raise ValueError(f"none of {', '.join(SPANS)}")
    return span


Span = Annotated[str, AfterValidator(_known)]


def tabs(prices: Children, query: dict[str, str]) -> dmc.Tabs:
    """Prices and analysis, the one open that the address names."""
    tab = url_state.one_of(query, TAB, [value for value, _ in TABS], DEFAULT_TAB)
    named: dict[str, Any] = {"aria-label": "Parts of the item"}
    heads = dmc.TabsList([dmc.TabsTab(label, value=value) for value, label in TABS], className="item-tabs", **named)
    span = url_state.one_of(query, SPAN, list(SPANS), DEFAULT_SPAN)
    panels = {"prices": prices, "analysis": html.Div([_choice(span), markup.frame(BODY, _waiting())], className="page")}
    return dmc.Tabs(
        [heads, *(dmc.TabsPanel(panels[value], value=value) for value, _ in TABS)],
        id=url_state.control(PAGE, TAB),
        value=tab,
        keepMounted=True,
    )


def register(app: Dash) -> None:
    """Analyse while the tab is open."""
    app.callback(
        *markup.outputs(BODY),
        Input("item-id", "data"),
        Input(url_state.control(PAGE, TAB), "value"),
        Input(url_state.control(PAGE, SPAN), "value"),
        Input(url_state.control(PAGE, "source"), "value"),
        Input(RETRY, "n_clicks", allow_optional=True),
    )(update_analysis)
    markup.register(app, BODY)


def update_analysis(item_id: ItemId, tab: Name, span: Span, source: Name | None, _retry: Times) -> tuple[Any, Any]:
    """The tab's cards, or why there are none."""
    if tab != "analysis":
        return no_update, no_update

    def render() -> Children:
        database = context.database()
        item = next(iter(items.units(database, ids=[item_id])), None)
        if item is None:
            return card(analysis_view.nothing(None, span))
        chosen: str | None = item["reference_source"] if source in {None, "reference"} else source
        if chosen is None:
            return card(analysis_view.nothing(None, span))
        found = analyse(database, item, chosen, span, datetime.now(UTC))
        return card(analysis_view.nothing(chosen, span)) if found is None else analysis_view.analysis_cards(found)

    return markup.answer(render, keep=False, retry=RETRY)


def _choice(span: str) -> html.Div:
    named: dict[str, Any] = {"aria-label": "Span of the analysis"}
    control = dmc.SegmentedControl(id=url_state.control(PAGE, SPAN), value=span, data=list(SPANS), size="xs", **named)
    return html.Div([html.Span("Days that are over, in UTC", className="muted"), control], className="analysis-choice")


def _waiting() -> html.Div:
    return html.Div([card(skeleton(380)) for _ in range(4)], className="analysis-cards")
