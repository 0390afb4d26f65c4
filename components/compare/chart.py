"""Comparison chart: one line an item on a true axis of time; drawn by dash-tvlwc, driven by assets/compare/main.js."""

from collections.abc import Sequence
from typing import Any

import dash_tvlwc
import numpy as np
from dash import Dash, Input, Output, dcc, html

from app.analytics.arrays import nullable
from app.compare.comparison import Comparison
from app.providers.markets import MARKETS
from components.shell import shell
from components.ui import clientside
from components.ui.page import Children, card
from db.core.pool import Row

CHART, DATA, CARD, LEGEND = "compare-chart", "compare-data", "compare-card", "compare-legend"
_DIGITS = 4
_NO_LEVEL = "\u2007" * 6
"""As wide as a level."""


def chart_card(controls: Children, chosen: Sequence[Row]) -> html.Section:
    """The card of the chosen items, hidden where there is none; its legend is as high at once as it will be."""
    named: dict[str, Any] = {
        "role": "group",
        "aria-label": "Levels over time, 100 at the beginning: arrow keys read them, the table below holds the figures",
    }
    canvas = dash_tvlwc.Tvlwc(
        id=CHART, height="100%", width="100%", series=[], subscribeCrosshair=True, subscribeDblClick=True
    )
    notice = html.A(
        "Charting by TradingView",
        href="https://www.tradingview.com/",
        target="_blank",
        rel="noopener noreferrer",
        className="chart-notice",
    )
    return card(
        html.Div(_waiting(chosen), id=LEGEND, className="compare-legend"),
        html.Div(canvas, id="compare-frame", className="compare-frame", tabIndex=0, **named),
        html.Div(notice, className="compare-foot"),
        dcc.Store(id=DATA),
        title="Since all are 100",
        info=html.Span(id="compare-since"),
        actions=controls,
        id=CARD,
        hidden=not chosen,
    )


def _waiting(chosen: Sequence[Row]) -> list[html.Span]:
    """The legend without figures; assets/compare/main.js writes the real one."""
    names = [row["market_hash_name"] for row in chosen]
    names += [f"{MARKETS[market].name} index" for market in {row["market"] for row in chosen} if market in MARKETS]
    lines = [
        [html.Span(className="compare-key"), html.Span(name, className="compare-legend-name"), html.Strong(_NO_LEVEL)]
        for name in names
    ]
    return [html.Span("Newest", className="compare-legend-time"), *(html.Span(line) for line in lines)]


def register(app: Dash) -> None:
    """All of it happens in the browser."""
    clientside.add(
        app,
        "compare",
        "draw",
        Output(CHART, "series"),
        Output(CHART, "chartOptions"),
        Output(CHART, "timeScaleAction"),
        Input(DATA, "data"),
        Input(shell.SCHEME, "data"),
    )
    clientside.add(app, "compare", "legend", Input(CHART, "crosshair"), prevent_initial_call=True)
    clientside.add(
        app,
        "compare",
        "fit",
        Output(CHART, "timeScaleAction", allow_duplicate=True),
        Input(CHART, "dblClick"),
        prevent_initial_call=True,
    )


def chart_data(found: Comparison) -> dict[str, Any] | None:
    """What the browser draws: `time` in seconds, a level a bucket and line (null where there is none), 100 at first.

    `gaps` are places of closes that a gap follows. None where there is nothing to draw.
    """
    if found.start is None:
        return None
    lines = [
        {
            "name": item["market_hash_name"],
            "levels": nullable(np.round(found.levels[row], _DIGITS)),
            "gaps": np.flatnonzero(found.grid.breaks[row, found.start :]).tolist(),
            "index": False,
        }
        for row, item in enumerate(found.grid.items)
    ]
    lines += [
        {"name": index.name, "levels": nullable(np.round(index.levels, _DIGITS)), "gaps": [], "index": True}
        for index in found.indices
    ]
    return {
        "time": found.grid.time[found.start :].tolist(),
        "seconds": found.reach.window.bucket_seconds,
        "lines": lines,
    }
