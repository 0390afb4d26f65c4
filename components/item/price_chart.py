"""The price chart: candles or a line, Bollinger's band, volume. Drawn by dash-tvlwc, driven by assets/item/price_chart.js."""

from typing import Any

import dash_mantine_components as dmc
import dash_tvlwc
import numpy as np
from dash import Dash, Input, Output, State, dcc, html

from app.analytics import bollinger_series
from app.items.outliers import of_candles
from components.shell import shell
from components.ui import clientside
from components.ui.icon import icon
from components.ui.page import Children, card, skeleton
from db.core.pool import Row
from db.items.sources import is_simulated
from db.quotes.candles import SECONDS, Candles

LEAD = 19
"""Closes before the range that its first band needs."""
OVERLAYS = (("bands", "Bollinger"), ("volume", "Volume"), ("log", "Log"))
CHART, DATA, STATE, AGAIN = "price-chart", "price-chart-data", "price-chart-state", "price-chart-again"


def price_chart(controls: Children) -> html.Section:
    """The card with the chart; `controls` (window, source) stand in its head, data comes through the store `DATA`."""
    overlays = dmc.ChipGroup(
        [dmc.Chip(label, value=value, size="xs", variant="light", radius="sm") for value, label in OVERLAYS],
        id="price-chart-overlays",
        value=["bands", "volume"],
        multiple=True,
        persistence="overlays",
        persistence_type="local",
    )
    tools = html.Div(
        [
            html.Div(overlays, className="chart-overlays"),
            _tool("PNG", "price-chart-png"),
            _tool("CSV", "price-chart-csv"),
        ],
        className="chart-tools",
    )
    named: dict[str, Any] = {
        "role": "group",
        "aria-label": "Price chart: arrow keys move it, plus and minus zoom, 0 shows all; the table below holds its figures",
    }
    frame = html.Div(
        [
            html.Div(id="price-chart-legend", className="chart-legend"),
            html.Div(_chart(), className="chart-canvas", id="price-chart-frame", tabIndex=0, **named),
            html.Div(skeleton("100%"), id=STATE, className="chart-state"),
        ],
        className="chart-frame",
    )
    return card(
        html.Div([controls, tools], className="chart-bar"),
        frame,
        html.Div([_table(), _made_by()], className="chart-foot"),
        dcc.Store(id=DATA),
        # Set by the browser when it may have missed prices; the page asks for the data again.
        dcc.Store(id=AGAIN),
        className="chart-card",
    )


def register(app: Dash) -> None:
    """Everything the chart does happens in the browser."""
    clientside.add(
        app,
        "priceChart",
        "draw",
        Output(CHART, "series"),
        Output(CHART, "chartOptions"),
        Output(CHART, "paneOptions"),
        Output(CHART, "watermark"),
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
    clientside.add(app, "priceChart", "see", Input(CHART, "visibleLogicalRange"), prevent_initial_call=True)
    clientside.add(app, "priceChart", "savePng", Input(CHART, "screenshot"), prevent_initial_call=True)
    clientside.add(app, "priceChart", "saveCsv", Input("price-chart-csv", "n_clicks"), prevent_initial_call=True)


def chart_data(candles: Candles, item: Row, source: str, window: str, now: float) -> dict[str, Any]:
    """What the browser draws: columns in minor units, null where unknown, `before` the closes that lead up to them.

    `outliers` are the places of bars whose close is one: they are marked, and no band counts them.
    `now` (seconds since 1970) is when it was read: a quote from before then is in it already.
    """
    outlier = of_candles(candles)
    bands = bollinger_series(np.where(outlier, np.nan, candles.close))
    shown = slice(candles.lead, None)
    # Most buckets of several quotes make candles; else an open, high and low would only repeat the close.
    is_candles = bool(np.mean(candles.samples[shown] > 1) > 1 / 2) if len(candles) else False
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
        "outliers": np.flatnonzero(outlier[shown]).tolist(),
        **{name: getattr(candles, name)[shown].tolist() for name in ("time", "open", "high", "low", "close")},
        "volume": [None if value < 0 else value for value in candles.volume[shown].tolist()],
        **{name: _known(getattr(bands, name)[shown]) for name in ("upper", "middle", "lower")},
    }


def _known(values: Any) -> list[float | None]:
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
