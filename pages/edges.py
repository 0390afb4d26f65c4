"""Edges page: items bought at one source and sold at another, net of fees, with the risk of the days in between."""

from datetime import UTC, datetime
from typing import Any, Final, Literal

import dash_mantine_components as dmc
from dash import Dash, Input, Output, ctx, dcc, html, no_update

from app.items.edges.find import find
from app.items.edges.query import Query
from app.portfolio.importer import fees_of
from app.providers.markets import CS2
from components.edges.view import body
from components.ui import context, markup, url_state
from components.ui.inputs import Name, Times
from components.ui.page import Children, page, page_header, register_page, skeleton, skeleton_rows

PAGE: Final = "edges"
ANY: Final = "any"
SHOWN: Final = 100
REFRESH_MS: Final = 60_000
BODY: Final = "edges-body"
SPREADS: Final = {"0": "0 %", "2": "2 %", "5": "5 %", "10": "10 %", "20": "20 %", "50": "50 %"}
LOSSES: Final = {ANY: "Any", "50": "50 %", "25": "25 %", "10": "10 %", "5": "5 %", "1": "1 %"}
PRICES: Final = {"0": "Any", "1": "$1", "10": "$10", "100": "$100", "1000": "$1,000"}
AGES: Final = {"3600": "1 hour", "21600": "6 hours", "86400": "1 day", "604800": "7 days"}
ORDERS: Final = {
    "-net_spread": "Widest spread",
    "-profit": "Most profit",
    "chance_of_loss": "Least chance of loss",
    "-worst_case": "Best worst case",
    "-sales_per_day": "Most sales",
}
GATED: Final = {"no": "Kept out", "yes": "Named"}
Spread = Literal["0", "2", "5", "10", "20", "50"]
Loss = Literal["any", "50", "25", "10", "5", "1"]
Price = Literal["0", "1", "10", "100", "1000"]
Age = Literal["3600", "21600", "86400", "604800"]
Order = Literal["-net_spread", "-profit", "chance_of_loss", "-worst_case", "-sales_per_day"]
Gated = Literal["no", "yes"]
CHOICES: Final[dict[str, tuple[str, dict[str, str], str]]] = {
    "spread": ("Net spread, at least", SPREADS, "0"),
    "loss": ("Chance of loss, at most", LOSSES, ANY),
    "price": ("Cost, at least", PRICES, "0"),
    "age": ("Prices not older than", AGES, "86400"),
    "order": ("Order", ORDERS, "-net_spread"),
    "gated": ("Stale and single offers", GATED, "no"),
}
"""Label, choices and default of each control but the sources."""
DEFAULTS: Final[dict[str, str | int]] = {"buy": ANY, "sell": ANY, **{name: one[2] for name, one in CHOICES.items()}}
CONTROLS: Final = {name: url_state.control(PAGE, name) for name in DEFAULTS}


def register(app: Dash) -> None:
    register_page(__name__, path="/edges", title="Edges · Tracera", description="Buy here, sell there", layout=layout)
    url_state.register(app, PAGE, tuple(DEFAULTS))
    app.callback(
        *markup.outputs(BODY),
        Output(CONTROLS["buy"], "data"),
        Output(CONTROLS["sell"], "data"),
        *[Input(control, "value") for control in CONTROLS.values()],
        Input("edges-clock", "n_intervals"),
        Input("edges-retry", "n_clicks", allow_optional=True),
    )(update_edges)
    markup.register(app, BODY)


def layout(**query: str) -> html.Div:
    sources = [_source(name, label, _named(query, name)) for name, label in (("buy", "Buy at"), ("sell", "Sell at"))]
    controls = [
        _select(name, label, choices, url_state.one_of(query, name, tuple(choices), default))
        for name, (label, choices, default) in CHOICES.items()
    ]
    lines = [skeleton(12, width="62%"), skeleton(12, width="78%")]
    waiting = [html.Div(lines, className="ranking-note"), html.Div(skeleton_rows(14), className="ranking-waiting")]
    content = page(
        page_header("Edges", "Buy here, sell there: what is left after fees, and what the days in between may cost."),
        html.Div([*sources, *controls], className="edge-controls"),
        html.Section(markup.frame(BODY, waiting, className="ranking-body"), className="card card-flush"),
        dcc.Interval(id="edges-clock", interval=REFRESH_MS),
    )
    return url_state.outermost(content, PAGE, DEFAULTS)


def update_edges(
    buy: Name | None,
    sell: Name | None,
    spread: Spread,
    loss: Loss,
    price: Price,
    age: Age,
    order: Order,
    gated: Gated,
    _clock: Times,
    _retry: Times,
) -> tuple[Any, Any, Any, Any]:
    asked = Query(
        buy="" if buy in {ANY, None} else str(buy),
        sell="" if sell in {ANY, None} else str(sell),
        min_spread=float(spread),
        max_loss=None if loss == ANY else float(loss),
        max_age=float(age),
        min_price=None if price == "0" else float(price),
        gated=gated == "yes",
        sort=order.removeprefix("-"),
        descending=order.startswith("-"),
    )
    sources: list[str] = []

    def render() -> Children:
        fees = fees_of(context.settings())
        found = find(context.database(), CS2, fees, asked, datetime.now(UTC), page=(0, SHOWN))
        sources.extend(found["fees"])
        return body(found, asked, SHOWN)

    shown = markup.answer(render, keep=ctx.triggered_id == "edges-clock", retry="edges-retry")
    if not sources:
        return *shown, no_update, no_update
    return *shown, _choices([*sources, asked.buy]), _choices([*sources, asked.sell])


def _choices(sources: list[str]) -> list[dict[str, str]]:
    known = sorted({source for source in sources if source})
    return [{"value": ANY, "label": "Any source"}, *({"value": source, "label": source} for source in known)]


def _named(query: dict[str, str], name: str) -> str:
    """A source from the address; at most as long as one may be."""
    value = str(query.get(name, ANY))
    return value if value.isascii() and value.replace("_", "").isalnum() and len(value) <= 64 else ANY  # noqa: PLR2004 - as app/api/edges.py


def _source(name: str, label: str, value: str) -> dmc.Select:
    return dmc.Select(
        id=CONTROLS[name], label=label, value=value, data=_choices([value] if value != ANY else []), allowDeselect=False, size="xs",
        className="edge-control",
    )  # fmt: skip


def _select(name: str, label: str, choices: dict[str, str], value: str) -> dmc.Select:
    data = [{"value": key, "label": words} for key, words in choices.items()]
    return dmc.Select(
        id=CONTROLS[name], label=label, value=value, data=data, allowDeselect=False, size="xs", className="edge-control"
    )
