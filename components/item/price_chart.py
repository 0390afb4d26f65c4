"""Price chart: candles or a line, volume, indicators and price levels; drawn by dash-tvlwc, driven by assets/item/price_chart.js."""

import json
from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
import dash_tvlwc
import numpy as np
from dash import Dash, Input, Output, State, dcc, html, no_update

from app.analytics import bollinger_series
from app.analytics.arrays import Ints
from app.analytics.indicators import REGISTRY
from app.items.gaps import cause_text
from app.items.outliers import of_candles
from app.providers.sources import is_simulated
from components.shell import shell
from components.ui import clientside
from components.ui.icon import icon
from components.ui.page import Children, card
from db.core.pool import Row
from db.quotes.candles import SECONDS, Candles
from db.quotes.gaps import Gap

LONGEST_GAP = 60
"""Bars without a price that one gap is drawn as, at most."""
LEAD = 19
"""Closes before the range that its first band needs."""
OVERLAYS = (("bands", "Bollinger"), ("volume", "Volume"), ("log", "Log"))
CHART, DATA, STATE, RELOAD = "price-chart", "price-chart-data", "price-chart-state", "price-chart-again"
GAPS = "price-chart-gaps"
Drawn = tuple[Any, Any, Any]
"""The chart's data, what stands in its place where there is none, and the list of its gaps; `no_update` where it is not known."""


def price_chart(controls: Children, first: Drawn, *, is_pair: bool) -> html.Section:
    """The card with the chart; `controls` (window, source) stand in its head, data comes through the store `DATA`.

    `first` is there from the beginning: the chart need not wait until a callback has asked for it.
    A pair's bands are an indicator like any other; an item's leave outliers out, and are a toggle.
    """
    data, state, gaps = (None if part is no_update else part for part in first)
    choices = OVERLAYS[1:] if is_pair else OVERLAYS
    overlays = dmc.ChipGroup(
        [dmc.Chip(label, value=value, size="xs", variant="light", radius="sm") for value, label in choices],
        id="price-chart-overlays",
        value=["bands", "volume"],
        multiple=True,
        persistence="overlays",
        persistence_type="local",
    )
    tools = html.Div(
        [
            _opener("Indicators", "price-chart-indicators"),
            _opener("Levels", "price-chart-levels"),
            html.Div(overlays, className="chart-overlays"),
            _tool("PNG", "price-chart-png"),
            _tool("CSV", "price-chart-csv"),
        ],
        className="chart-tools",
    )
    named: dict[str, Any] = {
        "role": "group",
        "aria-label": "Price chart: arrow keys move it, plus and minus zoom, 0 shows all, End goes to now; "
        "the table below holds its figures",
    }
    frame = html.Div(
        [
            html.Div(id="price-chart-legend", className="chart-legend"),
            html.Div(_chart(), className="chart-canvas", id="price-chart-frame", tabIndex=0, **named),
            html.Div(id="price-chart-panes", className="chart-panes"),
            html.Div(_place(), className="chart-place"),
            html.Div(state, id=STATE, className="chart-state"),
        ],
        className="chart-frame",
    )
    return card(
        html.Div([controls, tools], className="chart-bar"),
        frame,
        html.Div([_table(), html.Div(gaps, id=GAPS, className="chart-gaps"), _made_by()], className="chart-foot"),
        _picker(is_pair=is_pair),
        dcc.Store(id=DATA, data=data),
        # Set by the browser when it may have missed prices; the page asks for the data again.
        dcc.Store(id=RELOAD),
        className="chart-card",
    )


def _opener(label: str, name: str) -> dmc.Button:
    attributes: dict[str, Any] = {"aria-haspopup": "dialog"}
    return dmc.Button(label, id=name, size="compact-xs", variant="default", **attributes)


def _place() -> list[Any]:
    """What the browser says about where one looks, and the way back to the newest bar."""
    spoken: dict[str, Any] = {"role": "status"}
    back = html.Button("To now", id="price-chart-now", type="button", className="chart-now", hidden=True)
    return [html.Span(id="price-chart-place", className="chart-place-text", **spoken), back]


def _picker(*, is_pair: bool) -> html.Dialog:
    """The dialog that assets/item/chart_picker.js fills, with every indicator that there is."""
    described = [
        {
            "name": one.name,
            "title": one.title,
            "pane": one.pane,
            "series": one.series,
            "parameters": [
                {name: getattr(parameter, name) for name in ("name", "kind", "default", "minimum", "maximum")}
                for parameter in one.parameters
            ],
        }
        for one in REGISTRY.values()
    ]
    attributes: dict[str, Any] = {
        "data-indicators": json.dumps(described),
        "data-kind": "pair" if is_pair else "item",
        "data-chosen": "bollinger:20:2" if is_pair else "",
        "aria-labelledby": "price-chart-picker-title",
    }
    return html.Dialog(id="price-chart-picker", className="chart-picker", **attributes)


def register(app: Dash) -> None:
    """Everything the chart does happens in the browser."""
    clientside.add(
        app,
        "priceChart",
        "draw",
        Output(CHART, "series"),
        Output(CHART, "chartOptions"),
        Output(CHART, "paneOptions"),
        Output(CHART, "timeScaleAction"),
        Input(DATA, "data"),
        Input("price-chart-overlays", "value"),
        Input(shell.SCHEME, "data"),
    )
    clientside.add(app, "priceChart", "legend", Input(CHART, "crosshair"), prevent_initial_call=True)
    clientside.add(
        app,
        "priceChart",
        "fit",
        Output(CHART, "timeScaleAction", allow_duplicate=True),
        Input(CHART, "dblClick"),
        prevent_initial_call=True,
    )
    clientside.add(
        app,
        "priceChart",
        "shoot",
        Output(CHART, "screenshotRequest"),
        Input("price-chart-png", "n_clicks"),
        State(CHART, "screenshotRequest"),
        prevent_initial_call=True,
    )
    clientside.add(
        app,
        "priceChart",
        "see",
        Input(CHART, "visibleLogicalRange"),
        State(CHART, "visibleRange"),
        prevent_initial_call=True,
    )
    clientside.add(app, "priceChart", "savePng", Input(CHART, "screenshot"), prevent_initial_call=True)
    clientside.add(app, "priceChart", "saveCsv", Input("price-chart-csv", "n_clicks"), prevent_initial_call=True)


def chart_data(
    candles: Candles, item: Row, source: str, window: str, now: float, gaps: Sequence[Gap] = ()
) -> dict[str, Any]:
    """What the browser draws: columns in minor units, null where unknown, `before` the closes that lead up to them.

    In each of the `gaps` stand bars without a price, 60 at most, so that it is seen as one. `outliers` are the places of bars whose
    close is one: they are marked, and no band counts them.
    `now` (seconds since 1970) is when it was read: a quote from before then is in it already.
    """
    outlier = of_candles(candles)
    bands = bollinger_series(np.where(outlier, np.nan, candles.close))
    shown = slice(candles.lead, None)
    # Most buckets of several quotes make candles; else an open, high and low would only repeat the close.
    is_candles = bool(np.mean(candles.samples[shown] > 1) > 1 / 2) if len(candles) else False
    columns: dict[str, list[Any]] = {
        **{name: getattr(candles, name)[shown].tolist() for name in ("open", "high", "low", "close")},
        "volume": [None if value < 0 else value for value in candles.volume[shown].tolist()],
        **{name: known(getattr(bands, name)[shown]) for name in ("upper", "middle", "lower")},
    }
    time, place = with_gaps(candles.time[shown], SECONDS[candles.interval], gaps)
    return {
        "item": item["id"],
        "name": item["market_hash_name"],
        "source": source,
        "simulated": is_simulated(source),
        "window": window,
        "interval": candles.interval,
        "seconds": SECONDS[candles.interval],
        "kind": "candlestick" if is_candles else "line",
        "scale": item["price_scale"],
        "currency": item["currency"],
        "rolling": bool(candles.rolling[shown].any()),
        "read": now,
        "before": candles.close[: candles.lead][~outlier[: candles.lead]].tolist(),
        "outliers": place[outlier[shown]].tolist(),
        "gaps": [{"since": gap.since, "until": gap.until, "cause": cause_text(gap.cause, source)} for gap in gaps],
        "time": time.tolist(),
        **{name: _placed(values, place, len(time)) for name, values in columns.items()},
    }


def with_gaps(time: Ints, width: int, gaps: Sequence[Gap]) -> tuple[Ints, Ints]:
    """Times of bars, those without a price among them, and the place of each observed one in them; shapes (m,) and (n,).

    `time` (n,) are the observed bars' beginnings and `width` is theirs in seconds, as in `gaps`; the one that lasts adds none.
    """
    missing = [
        gap.since + width * np.arange(min(LONGEST_GAP, (gap.until - gap.since) // width))
        for gap in gaps
        if gap.until is not None
    ]
    both = np.sort(np.concatenate([time, *missing]))
    return both, np.searchsorted(both, time)


def _placed(values: list[Any], place: Ints, length: int) -> list[Any]:
    """Values at their places, null at all others."""
    if len(values) == length:
        return values
    found: list[Any] = [None] * length
    for at, value in zip(place.tolist(), values, strict=True):
        found[at] = value
    return found


def known(values: Any) -> list[float | None]:
    """Values as JSON has them: null where unknown, to a hundredth of a minor unit."""
    return [None if value != value else round(value, 2) for value in values.tolist()]  # noqa: PLR0124 - NaN


def _table() -> html.Details:
    return html.Details(
        [html.Summary("Figures of this chart"), html.Div(id="price-chart-rows", className="chart-rows")],
        id="price-chart-table",
        className="chart-table",
    )


def _made_by() -> html.A:
    """The notice that the chart library's licence asks for."""
    return html.A(
        "Charting by TradingView",
        href="https://www.tradingview.com/",
        target="_blank",
        rel="noopener noreferrer",
        className="chart-notice",
    )


def _chart() -> dash_tvlwc.Tvlwc:
    return dash_tvlwc.Tvlwc(
        id=CHART,
        height="100%",
        width="100%",
        series=[],
        subscribeCrosshair=True,
        subscribeDblClick=True,
        subscribeVisibleRange=True,
    )


def _tool(label: str, name: str) -> dmc.Button:
    attributes: dict[str, Any] = {"aria-label": f"Download the chart as {label}"}
    return dmc.Button(
        label, id=name, size="compact-xs", variant="subtle", leftSection=icon("download", size=14), **attributes
    )
