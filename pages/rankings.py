"""Rankings page: items in order of a measure."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from pydantic import AfterValidator, Field

from app.providers.markets import MARKETS, Market
from components.items import ranking_table
from components.items.measures import HOURLY, MEASURES, Measure, buckets, gate_values, measure_of, scope_of
from components.market.switch import MarketId, chosen, default, market_switch
from components.ui import context, markup, url_state
from components.ui.format import counted, number, percent, short_number
from components.ui.icon import icon
from components.ui.inputs import Times, Window
from components.ui.page import Children, empty_state, not_yet, page, page_header, register_page, skeleton, skeleton_rows
from db.core.pool import DatabaseDownError, Row
from db.items import rankings

PAGE = "rankings"
DEFAULTS: dict[str, str | int] = {
    "market": "",
    "measure": "return_volatility",
    "window": "24h",
    "order": "desc",
    "least": 0,
}
"""What the address leaves out; its market is the instance's first one."""
WINDOWS = ("1h", "24h", "7d", "30d")
ORDERS = ("desc", "asc")
GREATEST = 500
Order = Literal["desc", "asc"]
Least = Annotated[int, Field(ge=0, le=GREATEST)]
LISTED = 100
REFRESH_MS = 60_000
CONTROLS = {name: url_state.control(PAGE, name) for name in DEFAULTS}


def _known(measure: str) -> str:
    if measure not in MEASURES:
        raise ValueError(f"none of {', '.join(MEASURES)}")
    return measure


Measured = Annotated[str, AfterValidator(_known)]


def register(app: Dash) -> None:
    register_page(
        __name__, path="/rankings", title="Rankings · Tracera", description="Items by a measure", layout=layout
    )
    url_state.register(app, PAGE, tuple(DEFAULTS))
    app.callback(
        *markup.outputs("rankings-body"),
        *[Input(control, "value") for control in CONTROLS.values()],
        Input("rankings-clock", "n_intervals"),
        Input("rankings-retry", "n_clicks", allow_optional=True),
    )(update_ranking)
    markup.register(app, "rankings-body")
    app.callback(
        Output("rankings-least-name", "children"),
        Output(CONTROLS["least"], "thumbLabel"),
        Output(CONTROLS["least"], "value"),
        Input(CONTROLS["market"], "value"),
        prevent_initial_call=True,
    )(update_least)
    app.callback(
        Output("rankings-file", "data"),
        Output("notifications", "sendNotifications", allow_duplicate=True),
        Input("rankings-csv", "n_clicks"),
        *[State(control, "value") for control in CONTROLS.values()],
        prevent_initial_call=True,
    )(export_csv)


def layout(**query: str) -> html.Div:
    market = chosen(query)
    measure = url_state.one_of(query, "measure", tuple(MEASURES), "return_volatility")
    window = url_state.one_of(query, "window", WINDOWS, "24h")
    order = url_state.one_of(query, "order", ORDERS, "desc")
    least = url_state.whole(query, "least", 0, GREATEST)
    export_button = dmc.Button(
        "CSV", id="rankings-csv", variant="default", size="sm", leftSection=icon("download", size=16)
    )
    tabs = dmc.SegmentedControl(
        id=CONTROLS["measure"],
        value=measure,
        data=[{"value": key, "label": known.name} for key, known in MEASURES.items()],
        className="measure-tabs",
        **_named("Measure"),
    )
    lines = [skeleton(12, width="52%"), skeleton(12, width="68%")]
    waiting = [html.Div(lines, className="ranking-note"), html.Div(skeleton_rows(14), className="ranking-waiting")]
    body = html.Section(
        [
            tabs,
            markup.frame("rankings-body", waiting, className="ranking-body"),
        ],
        className="card card-flush",
    )
    content = page(
        page_header(
            "Rankings",
            "What moves most among what trades enough.",
            [market_switch(PAGE, market), export_button],
        ),
        _controls(market, window, order, least),
        body,
        dcc.Interval(id="rankings-clock", interval=REFRESH_MS),
        dcc.Download(id="rankings-file"),
    )
    return url_state.outermost(content, PAGE, DEFAULTS | {"market": default()})


def _named(text: str) -> dict[str, Any]:
    return {"aria-label": text}


def _controls(market: Market, window: str, order: str, least: int) -> html.Div:
    windows = dmc.SegmentedControl(
        id=CONTROLS["window"], data=list(WINDOWS), value=window, size="sm", **_named("Window")
    )
    orders = dmc.SegmentedControl(
        id=CONTROLS["order"],
        data=[{"value": "desc", "label": "Highest first"}, {"value": "asc", "label": "Lowest first"}],
        value=order,
        size="sm",
        **_named("Order"),
    )
    slider = dmc.Slider(
        id=CONTROLS["least"],
        value=least,
        min=0,
        max=GREATEST,
        step=5,
        updatemode="mouseup",
        thumbLabel=least_name(market),
        marks=[{"value": value, "label": str(value)} for value in (0, 100, 250, GREATEST)],
        className="least",
    )
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    liquidity = html.Div(
        [html.Span(least_name(market), id="rankings-least-name", className="control-name", **hidden), slider],
        className="least-frame",
    )
    return html.Div([windows, orders, liquidity], className="controls")


def least_name(market: Market) -> str:
    """What the slider sets."""
    return f"Least million {market.currency} a day" if market.quotes == "exchange" else "Least sales a day"


def update_least(market_id: MarketId) -> tuple[str, str, int]:
    """The slider's name, twice, and its value: another market counts in something else."""
    name = least_name(MARKETS[market_id])
    return name, name, 0


def read(market: Market, measure: Measure, window: str, order: str, least: int) -> list[Row]:
    return rankings.ranked(
        context.database(),
        measure.key,
        scope_of(market, window),
        gate_values(measure.key, market, least),
        descending=order == "desc",
        limit=LISTED,
    )


def update_ranking(
    market_id: MarketId,
    measure_key: Measured,
    window: Window,
    order: Order,
    least: Least,
    _clock: Times,
    _retry: Times,
) -> tuple[Any, Any]:
    market = MARKETS[market_id]
    measure = measure_of(measure_key, market)

    def render() -> Children:
        gate = gate_values(measure_key, market, least)
        reach = rankings.reach(context.database(), scope_of(market, window), gate, currency=market.currency)
        rows = read(market, measure, window, order, least)
        descending = order == "desc"
        table = (
            ranking_table.table(rows, measure, market, window, descending=descending)
            if rows
            else empty_ranking(market, measure, window, gate, reach)
        )
        return [html.Div(note(market, measure, window, gate, reach), className="ranking-note"), table]

    return markup.answer(render, keep=ctx.triggered_id == "rankings-clock", retry="rankings-retry")


def note(market: Market, measure: Measure, window: str, gate: dict[str, float], reach: Row) -> list[Children]:
    """What the measure means, what an item must show to be listed, and how pairs in other currencies are compared."""
    pairs = market.quotes == "exchange"
    requirements = [f"{number(gate['least_samples'])} {HOURLY[window]} closes"]
    if gate["least_coverage"]:
        requirements[0] += f" over {percent(gate['least_coverage'] * 100, 0)} of the window"
    if gate["least_price"]:
        requirements.append(f"a price of {number(gate['least_price'], 2)}")
    if gate["least_volume"]:
        least = short_number(gate["least_volume"]) if pairs else number(gate["least_volume"])
        requirements.append(f"{least} {f'{market.currency} traded' if pairs else 'sales'} a day")
    first = f", the first {LISTED} shown." if reach["passing"] > LISTED else "."
    listed = f"{number(reach['passing'])} of {number(reach['items'])} {market.things} have at least {', '.join(requirements)}{first}"
    return [html.P(measure.explanation), html.P([listed, _converted(market, reach)], className="muted")]


def _converted(market: Market, reach: Row) -> str:
    """How what is traded in other currencies was counted."""
    words = ""
    if reach["converted"]:
        words = (
            f" What is traded in other currencies is converted to {market.currency} at the exchange's own last price."
        )
    if reach["unconverted"]:
        left = counted(reach["unconverted"], market.thing, market.things)
        words += f" {left} in currencies that no pair converts to {market.currency} cannot be compared."
    return words


def empty_ranking(market: Market, measure: Measure, window: str, gate: dict[str, float], reach: Row) -> html.Div:
    """Why nothing is listed, and what to do."""
    if buckets(window) < gate["least_samples"]:
        return empty_state(
            "This window is too short",
            f"{measure.name} needs {number(gate['least_samples'])} closes, {window} has at most {buckets(window)}."
            " Choose a longer window.",
        )
    if reach["samples"] < gate["least_samples"]:
        return not_yet(
            f"{measure.name} needs {number(gate['least_samples'])} {HOURLY[window]} closes in the window;"
            f" the longest series has {number(reach['samples'])} so far.",
            clock="rankings-clock",
        )
    if reach["passing"]:
        return empty_state(
            "Unknown in this window", f"{measure.name} needs more closes than {window} has. Choose a longer one."
        )
    return empty_state(
        "Nothing trades that much",
        f"Lower the least {'turnover' if market.quotes == 'exchange' else 'sales'} a day to see {market.things} that trade less.",
    )


def export_csv(
    clicks: Times, market_id: MarketId, measure_key: Measured, window: Window, order: Order, least: Least
) -> tuple[Any, Any]:
    if not clicks:
        return no_update, no_update
    market = MARKETS[market_id]
    measure = measure_of(measure_key, market)
    try:
        rows = read(market, measure, window, order, least)
    except DatabaseDownError:
        failed = {"action": "show", "message": "The database does not answer; try again.", "color": "orange"}
        return no_update, [failed]
    name = f"tracera-{measure.key}-{window}-{datetime.now(UTC):%Y%m%d-%H%M}.csv"
    text = ranking_table.as_csv(rows, measure, market, window)
    return {"content": text, "filename": name, "type": "text/csv"}, no_update
