"""Metric cards: an item's measures, each with its value, its basis and its meaning."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dash import html

from app.analytics import WINDOWS
from components.item import outliers
from components.ui.figures import change, unknown
from components.ui.format import direction, money, number, percent
from components.ui.live import live_change
from components.ui.page import info_mark, skeleton
from db.core.pool import Row

CLOSES = {300: "five-minute", 3_600: "hourly"}
LONGER = "daily"
"""What closes of windows are that no job measures; see app.items.long_measures."""
BUCKETS = {"five-minute": "in 5 minutes", "hourly": "an hour", "daily": "a day"}
Value = Any
"""A text or component, or the reason (a `Reason`) why there is none."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a measure is unknown."""

    text: str


@dataclass(frozen=True, slots=True)
class Card:
    """One measure: `value` and `note` are made from a row of item_metrics."""

    name: str
    meaning: str
    formula: str
    value: Callable[[Row], Value]
    note: Callable[[Row], str]


@dataclass(frozen=True, slots=True)
class Newest:
    """An item's newest price and what its change in the window counts from; `quote` is what live elements say of the price."""

    item_id: int
    price: int
    base: int | None
    quote: Mapping[str, Any]


def metric_cards(row: Row | None, window: str, item: Row, newest: Newest | None) -> html.Div:
    """All cards for a window's measures, and which closes they left out; without a row nothing was measured in it yet.

    The change is that of the newest price, live as in the page's head, where that is known.
    """
    measured = {**_NOTHING, **(row or {}), "price_scale": item["price_scale"], "currency": item["currency"]}
    if newest is not None and newest.base:
        moved = live_change(newest.item_id, newest.price, newest.base, **newest.quote)
        measured |= {"previous": newest.base, "moved": moved}
    measured["bucket"] = BUCKETS[closes_of(window)]
    return html.Div(
        [*(metric_card(card, measured, window) for card in CARDS), outliers.note(measured)], className="metrics"
    )


def metric_card(card: Card, row: Row, window: str) -> html.Div:
    """One card; an unknown value is a dash with its reason, on hover and below."""
    found = card.value(row)
    is_unknown = isinstance(found, Reason)
    value = unknown(found.text) if is_unknown else found
    note = found.text if is_unknown else card.note(row)
    basis = f"From {basis_of(row, window)}."
    words = [html.Span(card.meaning), html.Span(card.formula, className="metric-formula"), html.Span(basis)]
    return html.Div(
        [
            html.Div(
                [html.Span(card.name), info_mark(html.Span(words, className="metric-words"), label=card.name)],
                className="metric-name",
            ),
            html.Div(value, className="metric-value"),
            html.Div(note, className="metric-note", title=note),
        ],
        className="metric",
    )


def metric_skeletons() -> html.Div:
    """As many cards as come."""
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    cards = [
        html.Div(
            [
                html.Div(card.name, className="metric-name"),
                html.Div(skeleton(20, width="60%"), className="metric-value"),
                html.Div(skeleton(10, width="80%"), className="metric-note"),
            ],
            className="metric",
        )
        for card in CARDS
    ]
    return html.Div(cards, className="metrics", **hidden)


def basis_of(row: Row | None, window: str) -> str:
    """What a window's measures were made from: "161 hourly closes of 7d"."""
    samples = row["samples"] if row else 0
    span = "all time" if window == "all" else window
    return f"{number(samples)} {closes_of(window)} {'close' if samples == 1 else 'closes'} of {span}"


def closes_of(window: str) -> str:
    """What a window's closes are: "hourly"."""
    return CLOSES[WINDOWS[window].bucket_seconds] if window in WINDOWS else LONGER


def _needs(row: Row, least: int, what: str) -> Reason:
    """What a measure needs; closes make one return less."""
    have = max(0, row["samples"] - (what == "returns"))
    if have >= least:
        return Reason("the price did not move")
    return Reason(f"needs {least} {what}; {number(have)} so far")


def _share(name: str, least: int, what: str, digits: int = 1) -> Callable[[Row], Value]:
    def value(row: Row) -> Value:
        return _needs(row, least, what) if row[name] is None else percent(100 * row[name], digits)

    return value


def _change(row: Row) -> Value:
    if row["moved"] is not None:
        return row["moved"]
    if row["percent_change"] is not None:
        return change(row["percent_change"])
    alone = row["samples"] < 2  # noqa: PLR2004 - else the first of them would be the base, if none were before it
    return Reason("no recent earlier price to compare with" if alone else "the last price before the window is too old")


def _trend(row: Row) -> Value:
    slope = row["trend_slope"]
    if slope is None:
        return _needs(row, 2, "closes")
    towards = direction(slope, 2)
    arrow = {"up": "▲ ", "down": "▼ ", "neutral": ""}[towards]
    return html.Span(f"{arrow}{percent(slope, 2, signed=True)}", className=f"figure {towards}")


def _sharpe(row: Row) -> Value:
    return _needs(row, 30, "returns") if row["sharpe"] is None else number(row["sharpe"], 2)


def _bollinger(row: Row) -> Value:
    return _needs(row, 20, "closes") if row["percent_b"] is None else f"%b {number(row['percent_b'], 2)}"


def _band_note(row: Row) -> str:
    if row["bollinger_upper"] is None:
        return ""
    edges = [
        money(round(row[name]), row["price_scale"], row["currency"]) for name in ("bollinger_lower", "bollinger_upper")
    ]
    return f"{edges[0]} to {edges[1]}"


def _atr(row: Row) -> Value:
    if row["atr"] is None or not row["last_price"]:
        return _needs(row, 15, "candles")
    return percent(100 * row["atr"] / row["last_price"])


def _atr_note(row: Row) -> str:
    """The range in money, which a cheap item's price is too coarse to write."""
    if row["atr"] is None:
        return ""
    text = money(round(row["atr"]), row["price_scale"], row["currency"])
    smallest = money(1, row["price_scale"], row["currency"])
    return f"{text if row['atr'] >= 1 else f'less than {smallest}'} {row['bucket']}"


def _moved(row: Row) -> str:
    weighted = row["ewma_volatility"]
    return "a day" if weighted is None else f"a day · {percent(100 * weighted)} EWMA"


def _from_to(row: Row) -> str:
    if not row.get("previous"):
        return ""
    return f"from {money(row['previous'], row['price_scale'], row['currency'])}"


def _spread(row: Row) -> str:
    if row["rolling_stddev"] is None:
        return ""
    return f"σ {money(round(row['rolling_stddev']), row['price_scale'], row['currency'])}"  # noqa: RUF001 - sigma


def _fit(row: Row) -> str:
    fit = row["trend_r2"]
    return "a day · the price did not move" if fit is None else f"a day · R² {number(fit, 2)}"


CARDS = (
    Card(
        "Volatility",
        "How far the price swings in a day.",
        "Sample standard deviation of the logarithmic returns, scaled to one day; EWMA weighs recent ones more (λ = 0.94).",
        _share("return_volatility", 2, "returns"),
        _moved,
    ),
    Card(
        "Change",
        "How much dearer the item is than when the window began.",
        "Newest price minus the last one before the window, divided by the latter; that one may lie as long before the window"
        " as the window is, at least two days. An exchange tells the price of 24 hours ago itself.",
        _change,
        _from_to,
    ),
    Card(
        "Trend",
        "The steady part of the movement, and how much of it that explains.",
        "Least-squares slope of the logarithm of the price against time; R² is 1 for a straight line and 0 for none.",
        _trend,
        _fit,
    ),
    Card(
        "Variation",
        "How wide the prices are spread around their mean.",
        "Standard deviation of the closes divided by their mean (coefficient of variation).",
        _share("coefficient_of_variation", 2, "closes"),
        _spread,
    ),
    Card(
        "Sharpe ratio",
        "What the movement paid for the risk taken, on the scale of a year.",
        "Mean return divided by the standard deviation of returns, times the root of periods per year; risk-free rate 0.",
        _sharpe,
        lambda _row: "a year, risk-free rate 0",
    ),
    Card(
        "Max drawdown",
        "The worst fall that a holder went through.",
        "Largest fall from a running maximum, as a share of that maximum.",
        _share("max_drawdown", 2, "closes"),
        lambda _row: "from a peak",
    ),
    Card(
        "Bollinger",
        "Where the last close lies between the bands: 0 at the lower, 1 at the upper.",
        "Mean of the last 20 closes, plus and minus two population standard deviations of them.",
        _bollinger,
        _band_note,
    ),
    Card(
        "ATR",
        "How far the price usually travels within one bar, as a share of the price.",
        "Wilder's average of 14 true ranges, divided by the last close; a range spans low, high and the close before.",
        _atr,
        _atr_note,
    ),
)
_NOTHING: Row = dict.fromkeys(
    (
        "return_volatility", "ewma_volatility", "percent_change", "previous", "trend_slope", "trend_r2",
        "coefficient_of_variation", "rolling_stddev", "sharpe", "max_drawdown", "percent_b", "bandwidth",
        "bollinger_upper", "bollinger_lower", "atr", "last_price", "moved",
    )
) | {"samples": 0}  # fmt: skip
