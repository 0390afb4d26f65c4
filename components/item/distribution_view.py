"""Distribution view: how returns spread, beside a normal distribution, with what few days lose."""

import math
from itertools import pairwise
from statistics import NormalDist

from dash import html

from app.analytics.timeseries.distribution import Distribution
from app.research.item_analysis import Analysis
from components.ui.figures import unknown
from components.ui.format import number, percent
from components.ui.page import Children, card, empty_state
from components.ui.plots import Trace, behind, plot

TITLE = "Returns of a day"
STEPS = 120
EXCESS = 1.0
"""Excess kurtosis from which tails are called heavy."""


def distribution_card(analysis: Analysis) -> html.Section:
    """The histogram with the normal curve of the same mean and deviation, and the values at risk."""
    found = analysis.distribution
    have = int(analysis.weekdays.n.sum())
    if found is None:
        words = f"Needs 20 returns of neighbouring days; there are {number(have)}."
        return card(empty_state("Not enough prices yet", words, symbol="rankings"), title=TITLE)
    if not len(found.counts):
        words = f"All {number(found.n)} returns are the same."
        return card(empty_state("The price did not move", words, symbol="rankings"), title=TITLE)
    marks = [
        # As a log return, like the bars.
        (100 * math.log1p(-tail.value_at_risk), place, f"VaR {100 - 100 * tail.tail:.0f} %")
        for place, tail in enumerate(found.tails)
        if tail.value_at_risk is not None
    ]
    return card(
        html.P(_words(found), className="analysis-meaning"),
        plot(
            _traces(found),
            label=f"Distribution of {found.n} daily returns. {_words(found)}",
            x={"ticksuffix": " %", "title": {"text": "ln(close ÷ close of the day before)"}},
            y={"title": {"text": "Days"}},
            shapes=[_line(at, place) for at, place, _ in marks],
            annotations=[_name(at, place, text) for at, place, text in marks],
        ),
        behind("Figures of the distribution", ("Measure", "Value"), _rows(found)),
        title=TITLE,
        info=f"{number(found.n)} daily returns",
    )


def _words(found: Distribution) -> str:
    first = found.tails[0]
    words = f"Mean {percent(100 * found.mean, 2, signed=True)}, standard deviation {percent(100 * found.stddev, 2)}."
    if first.value_at_risk is not None:
        words += f" On 19 of 20 days the loss stayed under {percent(100 * first.value_at_risk)}"
        words += f"; a normal distribution would say {percent(100 * (first.normal or 0))}."
    if found.kurtosis is not None and found.kurtosis > EXCESS:
        words += f" Extreme days come more often than a normal distribution has them (excess kurtosis {number(found.kurtosis, 1)})."
    return words


def _traces(found: Distribution) -> list[Trace]:
    edges = (100 * found.edges).tolist()
    width = edges[1] - edges[0]
    low, high = edges[0], edges[-1]
    curve = NormalDist(100 * found.mean, 100 * found.stddev)
    steps = [low + (high - low) * step / STEPS for step in range(STEPS + 1)]
    bars = {
        "x": [edge + width / 2 for edge in edges[:-1]], "y": found.counts.tolist(), "width": width * 0.94, "name": "Days",
        "customdata": [[start, end] for start, end in pairwise(edges)],
        "type": "bar", "marker": {"color": "--tracera-accent"},
        "hovertemplate": "%{y} days between %{customdata[0]:.2f} % and %{customdata[1]:.2f} %<extra></extra>",
    }  # fmt: skip
    normal = {
        "x": steps, "y": [found.n * width * curve.pdf(step) for step in steps], "name": "Normal distribution", "type": "scatter",
        "mode": "lines", "line": {"color": "--tracera-series-4", "width": 2}, "hoverinfo": "skip",
    }  # fmt: skip
    return [bars, normal]


def _line(at: float, place: int) -> Trace:
    """The line at a value at risk."""
    line = {"color": "--tracera-down", "width": 1.5, "dash": ("dash", "dot")[place]}
    return {"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": line}


def _name(at: float, place: int, text: str) -> Trace:
    """What the line is, left of it, each at a height of its own."""
    return {
        "x": at, "yref": "paper", "y": 1 - 0.12 * place, "text": text, "showarrow": False, "xanchor": "right", "yanchor": "top",
        "font": {"color": "--tracera-down", "size": 11},
    }  # fmt: skip


def _rows(found: Distribution) -> list[list[Children]]:
    still = unknown("the price did not move")
    rows: list[list[Children]] = [
        ["Returns", number(found.n)],
        ["Mean", percent(100 * found.mean, 3, signed=True)],
        ["Standard deviation", percent(100 * found.stddev, 3)],
        ["Skewness", still if found.skewness is None else number(found.skewness, 2)],
        ["Excess kurtosis", still if found.kurtosis is None else number(found.kurtosis, 2)],
    ]
    for tail in found.tails:
        why = unknown(f"needs {round(1 / tail.tail)} returns")
        level = f"{100 - 100 * tail.tail:.0f} %"
        for name, value in (
            ("Value at risk", tail.value_at_risk), ("Expected shortfall", tail.expected_shortfall), ("Value at risk if normal", tail.normal),
        ):  # fmt: skip
            rows.append([f"{name}, {level}", why if value is None else percent(100 * value, 2)])
    return rows
