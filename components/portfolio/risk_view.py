"""Risk view: explained cards, contributions by holding, and excluded items with the reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dash import dcc, html

from app.analytics.portfolio.history import MIN_RETURNS
from app.analytics.portfolio.risk import MIN_PEERS
from components.portfolio import correlation
from components.ui.figures import unknown
from components.ui.format import counted, number, ordinal, percent
from components.ui.page import Children, card, empty_state

SHOWN = 20
MAX_ROWS = 200
Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure: what it is called, says and is made of; `why` tells why it can be unknown."""

    key: str
    name: str
    meaning: str
    formula: str
    write: Callable[[float], str]
    why: str = "prices of too few days"


def _percent(value: float) -> str:
    return percent(100 * value, 2)


def _plain(value: float) -> str:
    return number(value, 2)


FIGURES = (
    Figure("volatility", "Volatility a day", "On most days the value moves by less than this, up or down.",
           "√(wᵀΣw): weights by value, sample covariance of daily returns.", _percent),
    Figure("yearly_volatility", "Volatility a year", "The same for a year; a year here has 365 trading days.",
           "Volatility a day times √365.", _percent),
    Figure("value_at_risk", "Value at risk", "On 19 of 20 days the loss stayed under this share of the value.",
           "Historical: the k-th worst of n days, k = ⌈n ÷ 20⌉.", _percent),
    Figure("expected_shortfall", "Expected shortfall", "What was lost on average on the worst 1 of 20 days.",
           "Mean of the k worst days.", _percent),
    Figure("beta", "Beta", "By how much the portfolio moved where the whole market moved by 1.",
           "cov(portfolio, market) ÷ var(market); the market is all items, weighted by price times daily sales.", _plain,
           "the market index has too few days, or stood still"),
    Figure("max_drawdown", "Largest fall", "The deepest fall from a peak, had today's holdings been held all the time.",
           "Largest 1 - value ÷ highest value before.", _percent),
    Figure("diversification", "Diversification", "How far holdings' swings cancel out: 1 is a single bet, 2 halves them.",
           "Weighted mean of the holdings' volatilities ÷ the portfolio's.", _plain, "nothing held moved at all"),
)  # fmt: skip


def risk_tab(report: Report) -> list[Children]:
    """All of the tab."""
    missing = _left_out(report["left_out_reasons"])
    if report["volatility"] is None:
        return [card(_too_little(report)), *missing]
    cards = [*(_figure(figure, report) for figure in FIGURES), _percentile(report["percentile"])]
    return [
        html.Div(cards, className="portfolio-figures"),
        card(*_contributions(report), title="What makes it swing", info="share of the volatility a day"),
        *correlation.section(report),
        *missing,
    ]


def _figure(figure: Figure, report: Report) -> html.Div:
    value = report[figure.key]
    basis = f"{figure.formula} From {number(report['days'])} daily returns."
    return _card(figure.name, unknown(figure.why) if value is None else figure.write(value), figure.meaning, basis)


def _percentile(share: float | None) -> html.Div:
    formula = "Other users' volatilities below yours, equal ones counting half."
    if share is None:
        why = f"known once {MIN_PEERS} other users' portfolios have a volatility"
        return _card("Among users", unknown(why), f"How you compare is {why}.", formula)
    words = f"{percent(100 * share, 0)} of this instance's other users have portfolios that swing less."
    return _card("Among users", f"{ordinal(round(100 * share))} percentile", words, formula)


def _card(name: str, value: Children, meaning: str, formula: str) -> html.Div:
    how = html.Details([html.Summary("How it is counted"), html.P(formula)], className="portfolio-how")
    return html.Div(
        [
            html.H2(name, className="tile-label"),
            html.Div(value, className="tile-value"),
            html.P(meaning, className="portfolio-meaning"),
            how,
        ],
        className="tile portfolio-figure",
    )


def _contributions(report: Report) -> list[Children]:
    rows = sorted(report["contributions"], key=lambda row: -row["contribution"])
    largest = max(abs(row["contribution"]) for row in rows) or 1.0
    bars = [_bar(row, largest, report["volatility"]) for row in rows[:SHOWN]]
    parts: list[Children] = [html.Ul(bars, className="portfolio-bars")]
    rest = rows[SHOWN : SHOWN + MAX_ROWS]
    if rest:
        others = html.Ul([_bar(row, largest, report["volatility"]) for row in rest], className="portfolio-bars")
        name = f"{counted(len(rows) - SHOWN, 'holding', 'holdings')} more"
        more = f"{name}, the first {MAX_ROWS} shown" if len(rows) - SHOWN > MAX_ROWS else name
        parts.append(html.Details([html.Summary(more), others], className="behind"))
    return parts


def _bar(row: Mapping[str, Any], largest: float, whole: float) -> html.Li:
    part = row["contribution"]
    name = row["market_hash_name"]
    share = part / whole if whole else 0.0
    width = {"--width": f"{abs(part) / largest * 100:.1f}%"}
    against = " portfolio-bar-against" if part < 0 else ""
    return html.Li(
        [
            dcc.Link(name, href=f"/item/{row['item_id']}", className="portfolio-bar-name", title=name),
            html.Span(html.Span(style=width, className=f"portfolio-bar-fill{against}"), className="portfolio-part"),
            html.Span(percent(100 * share, 1), className="figure", title=f"{percent(100 * part, 3)} a day"),
        ]
    )


def _left_out(reasons: list[dict[str, str]]) -> list[Children]:
    if not reasons:
        return []
    rows = [
        html.Li([html.Span(row["market_hash_name"]), html.Span(row["reason"], className="muted")])
        for row in reasons[:MAX_ROWS]
    ]
    info = "not part of the figures above"
    if len(reasons) > MAX_ROWS:
        info = f"{info}; the first {MAX_ROWS} shown"
    count = counted(len(reasons), "item", "items")
    return [card(html.Ul(rows, className="portfolio-left-out"), title=f"{count} left out", info=info)]


def _too_little(report: Report) -> Children:
    used = len(report["contributions"])
    if not used and not report["left_out_reasons"]:
        words = "Import your inventory or add a transaction: risk is measured from the price history of what you hold."
        return empty_state("Nothing to measure", words, symbol="portfolio")
    words = (
        f"Risk needs {MIN_RETURNS} daily returns of what you hold; there are {number(report['days'])} so far."
        if used
        else "Nothing you hold has a price history that is long enough. Below is what each item lacks."
    )
    return empty_state("Not enough price history yet", words, symbol="portfolio")
