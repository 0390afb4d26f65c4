"""Plots: Plotly figures as markup, drawn by assets/ui/plots.js, which loads Plotly with the first one that comes into sight.

A colour is the name of a CSS variable, such as `--tracera-accent`: the browser puts the scheme's colour in its place. Traces are SVG;
WebGL would need `unsafe-eval`.
"""

import json
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import plotly
from dash import html
from dash.fingerprint import build_fingerprint

from components.ui.page import Children

Trace = dict[str, Any]
HEIGHT: Final = 280
_FILE: Final = "package_data/plotly.min.js"
_AXIS: Final[dict[str, Any]] = {
    "gridcolor": "--tracera-grid",
    "linecolor": "--tracera-border",
    "zerolinecolor": "--tracera-border",
    "automargin": True,
    "title": {"standoff": 10},
}


def plot(
    traces: Sequence[Trace],
    *,
    label: str,
    x: Trace | None = None,
    y: Trace | None = None,
    height: int = HEIGHT,
    **layout: Any,
) -> html.Div:
    """A figure; `label` says to a screen reader what it shows, `x` and `y` are its axes, `layout` whatever else Plotly takes."""
    figure = {
        "data": list(traces),
        "layout": {
            "autosize": True,
            "height": height,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": "--tracera-font", "size": 12, "color": "--tracera-muted"},
            "hoverlabel": {
                "bgcolor": "--tracera-raised",
                "bordercolor": "--tracera-border",
                "font": {"color": "--tracera-text", "family": "--tracera-font", "size": 13},
                "align": "left",
            },
            "legend": {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "xanchor": "left"},
            "showlegend": len(traces) > 1,
            "bargap": 0.06,
            "dragmode": False,
            "xaxis": _AXIS | {"showgrid": False} | (x or {}),
            "yaxis": _AXIS | (y or {}),
            **layout,
        },
    }
    attributes: dict[str, Any] = {
        "data-plot": json.dumps(figure, separators=(",", ":")),
        "data-plotly": address(),
        "aria-label": label,
    }
    return html.Div(className="plot", role="figure", style={"height": f"{height}px"}, **attributes)


def behind(summary: str, heads: Sequence[str], rows: Sequence[Sequence[Children]]) -> html.Details:
    """The figures of a plot as a table."""
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in heads]))
    lines = [html.Tr([html.Th(first, scope="row"), *(html.Td(cell) for cell in rest)]) for first, *rest in rows]
    scrolls: dict[str, Any] = {"data-scrolls": "", "aria-label": summary}
    table = html.Table([head, html.Tbody(lines)], className="plain-table")
    frame = html.Div(table, className="plain-frame", tabIndex=0, role="region", **scrolls)
    return html.Details([html.Summary(summary), frame], className="behind")


@cache
def address() -> str:
    """Where Dash serves Plotly's script, under a name that changes with it."""
    file = Path(plotly.__file__).parent / _FILE
    name = build_fingerprint(_FILE, version("plotly"), int(file.stat().st_mtime))  # type: ignore[no-untyped-call]
    return f"/_dash-component-suites/plotly/{name}"
