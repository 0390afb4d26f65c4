"""Result view: what a backtest came to: figures, equity with its trades, drawdown, outcomes, tries, rules."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from dash import html

from components.research.form import LABELS, NAMES
from components.ui.figures import share_of, unknown
from components.ui.format import counted, number, percent, rounded
from components.ui.page import Children, card, definition_list, empty_state, tile
from components.ui.plots import Trace, behind, plot

Result = Mapping[str, Any]
TRADES: Final = 200
BINS: Final = 24
RULES: Final = {
    "fills": "Fills", "fee": "Seller's fee", "slippage": "Slippage", "protection": "Trade protection", "units": "Units",
    "marks": "Value", "index": "Index",
}  # fmt: skip
NOT_ENOUGH: Final = "equity never moved, or there are too few bars"


def result_cards(found: Result) -> list[Children]:
    """All cards of a result."""
    curve, summary = found["curve"], found["summary"]
    return [
        html.Div(_tiles(summary), className="tiles"),
        _verdict(found),
        _equity(found, curve),
        html.Div([_drawdown(curve), _outcomes(found)], className="research-pair"),
        *_walk(found),
        _tries(found),
        _trades(found),
        card(
            definition_list([(RULES.get(name, name), words) for name, words in found["rules"].items()]),
            title="How it was reckoned",
            info=f"{counted(int(summary['bars']), 'bar', 'bars')} of {found['source']}, {found['interval']}",
        ),
    ]


def _tiles(summary: Mapping[str, Any]) -> list[Children]:
    index = summary["index_return"]
    sold = counted(int(summary["trades"]), "sale", "sales")
    won = summary["won"]
    return [
        tile(
            "Return",
            share_of(summary["total_return"], reason="no bars"),
            ["index ", share_of(index, reason="no index")],
        ),
        tile("Once all is sold", share_of(summary["closing_return"], reason="no bars"), "after fees"),
        tile(
            "Deepest fall",
            unknown("no bars") if summary["max_drawdown"] is None else percent(100 * summary["max_drawdown"]),
            f"turnover {_plain(summary['turnover'], 1)} times a year",
        ),
        tile(
            "Sharpe",
            unknown(NOT_ENOUGH) if summary["sharpe"] is None else number(summary["sharpe"], 2),
            sold if won is None else f"{sold}, {percent(100 * won, 0)} with a gain",
        ),
    ]


def _verdict(found: Result) -> html.P:
    """How many tries stand behind the figures above."""
    tries = found["tries"]
    if tries["tries"] == 1:
        return html.P(
            "One set of parameters was tried. What it did says little of what it will do.", className="research-words"
        )
    sharpe, luck = found["summary"]["sharpe"], tries["luck"]
    words = (
        f"The best of {counted(tries['tries'], 'try', 'tries')} by Sharpe ratio: {parameter_text(found['parameters'])}."
    )
    if luck is not None and sharpe is not None:
        words += f" The best of as many worthless ones would show {number(luck, 2)}"
        words += (
            "; this one shows no more, which is nothing."
            if sharpe <= luck
            else f"; this one shows {number(sharpe, 2)}."
        )
    return html.P(words, className="research-words")


def parameter_text(parameters: Mapping[str, float]) -> str:
    """`fast 10, slow 50`."""
    return ", ".join(f"{name} {value:g}" for name, value in parameters.items()) or "no parameters"


def _equity(found: Result, curve: Mapping[str, Any]) -> html.Section:
    unit = found["currency"]
    traces: list[Trace] = [
        _line(curve["time"], curve["index"], "Index of the same items", "--tracera-muted", unit),
        _line(curve["time"], curve["equity"], "Equity", "--tracera-accent", unit),
    ]
    equity = dict(zip(curve["time"], curve["equity"], strict=True))
    for name, when, symbol, colour in (
        ("Bought", "bought", "triangle-up", "--tracera-up"), ("Sold", "sold", "triangle-down", "--tracera-down"),
    ):  # fmt: skip
        marks = [trade for trade in found["trades"][:TRADES] if trade[when]]
        times = [trade[when] for trade in marks]
        traces.append(
            {
                "x": times,
                "y": [equity.get(time) for time in times],
                "name": name,
                "type": "scatter",
                "mode": "markers",
                "marker": {"symbol": symbol, "size": 8, "color": colour},
                "text": [f"{trade['units']} of {trade['item']}" for trade in marks],
                "hovertemplate": f"{name} %{{text}} on %{{x|%-d %b %Y}}<extra></extra>",
            }
        )
    last = [[time[:10], _plain(value, 2), _plain(other, 2)] for time, value, other in
            zip(curve["time"], curve["equity"], curve["index"], strict=True)][::-7]  # fmt: skip
    shown = f", the first {TRADES} trades marked" if len(found["trades"]) > TRADES else ""
    return card(
        plot(
            traces,
            label=f"Equity and index in {unit}",
            x={"type": "date"},
            y={"tickprefix": "", "title": {"text": unit}},
            height=340,
        ),
        behind("Every seventh bar as a table", ("Day", "Equity", "Index"), last),
        title="Equity",
        info=f"at the newest closes, before fees{shown}",
    )


def _line(times: Sequence[str], values: Sequence[float | None], name: str, colour: str, unit: str) -> Trace:
    return {
        "x": times, "y": values, "name": name, "type": "scatter", "mode": "lines", "line": {"color": colour, "width": 1.8},
        "hovertemplate": f"{name} on %{{x|%-d %b %Y}}: %{{y:,.2f}} {unit}<extra></extra>",
    }  # fmt: skip


def _drawdown(curve: Mapping[str, Any]) -> html.Section:
    trace = {
        "x": curve["time"], "y": [None if value is None else -100 * value for value in curve["drawdown"]], "type": "scatter",
        "mode": "lines", "fill": "tozeroy", "fillcolor": "--tracera-band", "line": {"color": "--tracera-down", "width": 1.5},
        "hovertemplate": "%{x|%-d %b %Y}: %{y:.1f} % below the high before<extra></extra>",
    }  # fmt: skip
    return card(
        plot([trace], label="Drawdown of the equity in percent", x={"type": "date"}, y={"ticksuffix": " %"}),
        title="Drawdown",
    )


def _outcomes(found: Result) -> html.Section:
    """How the trades ended, each by its own return."""
    returns = found["trade_returns"]
    if not returns:
        words = "Nothing was sold yet: what is held has no outcome."
        return card(empty_state("No outcomes", words, symbol="rankings"), title="Outcomes")
    counts, edges = np.histogram(100 * np.array(returns), bins=min(BINS, max(5, round(len(returns) ** 0.5))))
    middles = ((edges[1:] + edges[:-1]) / 2).tolist()
    bounds = [[low, high] for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
    colours = ["--tracera-up" if middle >= 0 else "--tracera-down" for middle in middles]
    trace = {
        "x": middles, "y": counts.tolist(), "type": "bar", "width": float(edges[1] - edges[0]) * 0.94, "customdata": bounds,
        "marker": {"color": colours},
        "hovertemplate": "%{y} sales returned %{customdata[0]:.1f} to %{customdata[1]:.1f} %<extra></extra>",
    }  # fmt: skip
    rows = [
        [f"{rounded(low, 1)} to {rounded(high, 1)} %", number(int(count))]
        for (low, high), count in zip(bounds, counts, strict=True)
    ]
    median = percent(100 * float(np.median(returns)), 1, signed=True)
    return card(
        plot(
            [trace],
            label=f"Returns of {len(returns)} sales, median {median}",
            x={"ticksuffix": " %"},
            y={"title": {"text": "Sales"}},
        ),
        behind("Outcomes as a table", ("Return after fees", "Sales"), rows),
        title="Outcomes",
        info=f"{counted(len(returns), 'sale', 'sales')}, median {median}",
    )


def _walk(found: Result) -> list[Children]:
    walk = found["walk"]
    if walk is None:
        return []
    rows = [
        [
            f"{fold['start'][:10]} to {fold['end'][:10]}",
            parameter_text({name: fold[name] for name in found["parameters"] if fold.get(name) is not None}),
            _plain(fold["train_sharpe"], 2),
            _plain(fold["test_sharpe"], 2),
            share_of(fold["test_return"], reason="nothing was chosen"),
        ]
        for fold in walk["folds"]
    ]
    trace = _line(walk["time"], walk["equity"], "Equity", "--tracera-accent", found["currency"])
    total = walk["summary"].get("total_return")
    return [
        card(
            html.P("Parameters are chosen on what came before each stretch; what is shown was never seen while choosing.",
                   className="research-words"),
            plot([trace], label="Equity of the walk forward", x={"type": "date"}, y={"title": {"text": found["currency"]}}),
            behind("Every stretch as a table", ("Stretch", "Chosen", "Sharpe before", "Sharpe in it", "Return"), rows),
            title="Walk forward",
            info=["return ", share_of(total, reason="nothing was chosen")],
        )
    ]  # fmt: skip


def _tries(found: Result) -> html.Section:
    rows = sorted(
        found["tries"]["table"], key=lambda row: -(row["sharpe"] if row["sharpe"] is not None else float("-inf"))
    )
    names = list(found["parameters"])
    heads = (*(LABELS[name] for name in names), "Sharpe", "Return", "Once all is sold", "Deepest fall", "Sales")
    lines = [
        [
            *(f"{row[name]:g}" for name in names),
            *([] if names else [NAMES[found["strategy"]][0]]),
            _plain(row["sharpe"], 2),
            share_of(row["total_return"], reason="no bars"),
            share_of(row["closing_return"], reason="no bars"),
            percent(None if row["max_drawdown"] is None else 100 * row["max_drawdown"]),
            number(row["trades"]),
        ]
        for row in rows
    ]
    return card(
        behind("Every try, the best first", heads if names else ("Strategy", *heads), lines),
        title="Tries",
        info=counted(found["tries"]["tries"], "set of parameters", "sets of parameters"),
    )


def _trades(found: Result) -> html.Section:
    heads = ("Item", "Units", "Bought", "At", "Sold", "At", "Fees", "Profit")
    rows = [
        [
            trade["item"], number(trade["units"]), trade["bought"][:10], _plain(trade["buy_price"], 2),
            trade["sold"][:10] if trade["sold"] else unknown("still held"), _plain(trade["sell_price"], 2, "still held"),
            _plain(trade["fees"], 2, "still held"), _plain(trade["profit"], 2, "still held"),
        ]
        for trade in found["trades"][:TRADES]
    ]  # fmt: skip
    info = f"{counted(found['trade_count'], 'purchase', 'purchases')}, amounts in {found['currency']}"
    if found["trade_count"] > len(rows):
        info += f", the first {len(rows)} shown"
    if not rows:
        return card(empty_state("No trades", "The strategy never wanted to buy, or could not."), title="Trades")
    return card(behind("Every trade as a table", heads, rows), title="Trades", info=info)


def _plain(value: float | None, digits: int, reason: str = NOT_ENOUGH) -> Children:
    return unknown(reason) if value is None else number(value, digits)
