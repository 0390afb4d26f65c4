"""Portfolio tiles: value, today, profit, return, volatility.

The tiles stand in the layout; what fills them comes as HTML by slot, so that live prices may move it (see
assets/portfolio/live.js).
"""

from typing import Any

from dash import html

from app.portfolio.overview import Overview
from components.portfolio.figures import hook
from components.ui.figures import gain, share_of, unknown
from components.ui.format import amount, counted, date_text, ordinal, percent
from components.ui.markup import to_html
from components.ui.page import Children, info_mark, tile

PROFIT = (
    "What sales brought less what the sold units cost, and what is held less what it cost. Units without a recorded"
    " purchase are left out."
)
RETURN = "Time-weighted: what one unit of money put in at the start has become, whatever came in or went out since."
VOLATILITY = (
    "How far the value swings in a day: standard deviation of daily returns over 90 days. The percentile is the share of"
    " this instance's other users whose portfolios swing less."
)
TILES = (
    ("value", "Value", None),
    ("today", "Today", None),
    ("profit", "Total profit", PROFIT),
    ("return", "Return", RETURN),
    ("volatility", "Volatility", VOLATILITY),
)
NO_YESTERDAY = "no prices from 24 hours ago to compare with"
Words = tuple[Children, Children]


def tile_frames() -> html.Div:
    """The tiles without their figures."""
    return html.Div(
        [
            tile(
                label,
                slot(name),
                slot(f"{name}-note"),
                info=None if words is None else info_mark(words, label=label.lower()),
            )
            for name, label, words in TILES
        ],
        className="portfolio-tiles",
    )


def slot(name: str) -> html.Div:
    """Where the text of that name appears."""
    attributes: dict[str, Any] = {"data-portfolio-slot": name}
    return html.Div(className="portfolio-slot", **attributes)


def tile_html(overview: Overview, percentile: float | None) -> dict[str, str]:
    """HTML by slot."""
    found: dict[str, Words] = {
        "value": _value(overview),
        "today": _today(overview),
        "profit": _profit(overview),
        "return": _return(overview),
        "volatility": _volatility(overview, percentile),
    }
    texts = {}
    for name, (figure, note) in found.items():
        texts[name], texts[f"{name}-note"] = to_html(figure), to_html(note)
    return texts


def _value(overview: Overview) -> Words:
    totals = overview.totals
    total = totals["total_value"]
    figure: Children = (
        unknown("nothing here has a price") if total is None else amount(total, overview.portfolio["currency"])
    )
    note: list[Children] = [counted(totals["item_count"], "item", "items")]
    if totals["unpriced"]:
        note.append(f", {len(totals['unpriced']):,} without a price")
    for token in totals["counted_as_dollars"]:
        reason = f"Nothing tells what a {token} is worth in dollars: each is counted as one."
        note.append(html.Span(f" · 1\u00a0{token} = 1\u00a0USD", title=reason))
    if totals["stale"]:
        words = f"{counted(totals['stale'], 'price', 'prices')} over a day old"
        note += [" ", html.Span(words, className="portfolio-badge portfolio-badge-stale")]
    return hook("total_value", figure), note


def _today(overview: Overview) -> Words:
    totals = overview.totals
    share = today_share(totals["percent_change_24h"])
    figure = gain(totals["change_24h"], overview.portfolio["currency"], reason=NO_YESTERDAY)
    note: list[Children] = [hook("percent_change_24h", share), " in 24 h"]
    if totals["without_base"] and totals["change_24h"] is not None:
        note.append(f", {counted(totals['without_base'], 'item', 'items')} without a price of then")
    return hook("change_24h", figure), note


def today_share(moved: float | None) -> html.Span:
    """The change of the last 24 hours in percent; unknown is a dash with the reason."""
    return share_of(None if moved is None else moved / 100, reason=NO_YESTERDAY, digits=2)


def _profit(overview: Overview) -> Words:
    currency, totals = overview.portfolio["currency"], overview.totals
    opened, closed = totals["unrealized_pnl"], totals["realized_pnl"]
    known = [value for value in (opened, closed) if value is not None]
    if not known:
        if totals["sales_without_profit"] or any(row["cost_quantity"] for row in overview.holdings):
            return hook("profit", unknown("an exchange rate is missing, or a price")), "needs prices and exchange rates"
        return hook("profit", unknown("no purchase of what is held is recorded")), "needs recorded purchases"
    parts = [
        "open ",
        hook("unrealized_pnl", gain(opened, currency, reason="nothing held has a recorded cost")),
        " · sold ",
        gain(closed, currency, reason="nothing was sold"),
    ]
    return hook("profit", gain(sum(known), currency, reason="")), parts


def _return(overview: Overview) -> Words:
    found = overview.performance
    figure = share_of(found["time_weighted"], reason="needs two valuations; they come within minutes", digits=2)
    if found["since"] is None:
        return figure, "needs two valuations"
    note = f"since {date_text(found['since'])}"
    if found["time_weighted_yearly"] is not None:
        note += f" · {percent(100 * found['time_weighted_yearly'], signed=True)} a year"
    return figure, note


def _volatility(overview: Overview, percentile: float | None) -> Words:
    daily = overview.performance["volatility"]
    if daily is None:
        return unknown("needs three months of daily prices of what is held"), "needs a longer price history"
    figure = html.Span([percent(100 * daily, 2), html.Span(" a day", className="unit")], className="figure")
    if percentile is None:
        return figure, "percentile from 20 other users on"
    return figure, f"{ordinal(round(100 * percentile))} percentile of users"
