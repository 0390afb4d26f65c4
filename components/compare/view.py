"""Comparison view: what was left out and why, the table of figures, and the correlations of every two."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import dcc, html

from app.analytics.portfolio.history import MIN_RETURNS
from app.compare.comparison import Comparison, as_json, left_out
from components.ui.figures import change, unknown
from components.ui.format import age_text, counted, date_text, money, number, percent, time_text
from components.ui.page import Children, card, empty_state

HEADS = (
    ("Change", "Newest close against the price at the beginning"),
    ("Volatility", "Sample standard deviation of logarithmic returns, scaled to a day"),
    ("Drawdown", "Largest fall from a peak since the beginning"),
    ("Beta", "How far it moved where its market's index moved by 1, from daily returns"),
    ("With index", "Correlation of its daily returns with those of its market's index"),
    ("Closes", "How many closes the figures are of"),
)
SHORT_WINDOW = "the index has one close a day; choose 30d or longer"
COLOURS = 6
"""Lines that differ by colour alone; further ones are dashed. assets/compare/main.js and page.css count the same."""


def nothing() -> html.Div:
    """Before anything is chosen."""
    words = (
        "Add items or pairs above, press Compare on the page of one, or tick rows of the items: each begins with 100."
    )
    return empty_state("Choose what to compare", words, dcc.Link("Find items", href="/items", className="item-button"))


def parts(found: Comparison, said: Sequence[str]) -> list[Children]:
    """Everything below the chart, or in its place."""
    shown: list[Children] = notes([*said, *_left_out(found), *_currencies(found), *_shortened(found)])
    if found.start is None:
        words = (
            "There is no moment at which all of them have a price: leave out the one whose history is the shortest, or choose another window."
            if found.grid.items
            else "None of what is chosen has enough prices in this window. A longer one may hold more."
        )
        return [*shown, card(empty_state("Nothing to compare yet", words))]
    answer = as_json(found)
    return [*shown, _figures(found, answer), *_matrix(found, answer)]


def notes(said: Sequence[str]) -> list[Children]:
    """Sentences about what is not as it was asked for."""
    return [html.Ul([html.Li(note) for note in said], className="compare-notes")] if said else []


def since_text(found: Comparison) -> str:
    """When all are 100."""
    if found.since is None:
        return ""
    return f"{_moment(found.since, found)}, the first moment in {found.reach.window.name} that all have"


def _moment(moment: datetime, found: Comparison) -> str:
    return date_text(moment) + ("" if found.reach.interval == "1d" else f"{moment: %H:%M} UTC")


def _left_out(found: Comparison) -> list[str]:
    return [_lacks(found, left_out(found, row)) for row in range(len(found.left_out.items))]


def _lacks(found: Comparison, item: dict[str, Any]) -> str:
    """Which item has too little, and how much it has."""
    has = (
        "no price"
        if item["first"] is None
        else f"{counted(item['closes'], 'close', 'closes')} since {_moment(item['first'], found)}"
    )
    return f"{item['market_hash_name']} is left out: it has {has} in {found.reach.window.name}, less than half of what others have."


def _currencies(found: Comparison) -> list[str]:
    currencies = list(dict.fromkeys(item["currency"] for item in found.grid.items))
    if len(currencies) < 2:  # noqa: PLR2004 - different ones
        return []
    return [f"{' and '.join([', '.join(currencies[:-1]), currencies[-1]])}: each is rebased in its own currency."]


def _shortened(found: Comparison) -> list[str]:
    if not found.start:
        return []
    return [f"The window is longer: not all have a price before {_moment(found.since, found)}."] if found.since else []


def _figures(found: Comparison, answer: dict[str, Any]) -> html.Section:
    heads = [html.Th("Item", scope="col"), html.Th("Price", scope="col", className="compare-figure")]
    heads += [html.Th(name, scope="col", title=meaning, className="compare-figure") for name, meaning in HEADS]
    rows = [_item_row(found, at, item) for at, item in enumerate(answer["items"])]
    rows += [_index_row(found, at, index) for at, index in enumerate(answer["indices"])]
    scrolls: dict[str, Any] = {"data-scrolls": "", "aria-label": "Figures of what is compared"}
    table = html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)], className="plain-table compare-table")
    return card(
        html.Div(table, className="plain-frame compare-scroll", tabIndex=0, role="region", **scrolls),
        title="Figures",
        info="of what is drawn, without outliers",
    )


def _item_row(found: Comparison, at: int, item: dict[str, Any]) -> html.Tr:
    link = dcc.Link(item["market_hash_name"], href=f"/item/{item['item_id']}", title=item["market_hash_name"])
    price = html.Span(
        money(item["price"], item["price_scale"], item["currency"]),
        title=f"{item['source']}, {age_text(item['price_time'], found.now)}, {time_text(item['price_time'])}",
        className="figure",
    )
    reason = (
        f"{counted(item['index_n'], 'daily return', 'daily returns')} in common with the index; {MIN_RETURNS} are needed"
        if found.reach.daily
        else SHORT_WINDOW
    )
    source = html.Span(f"{item['source']} · {age_text(item['price_time'], found.now)}", className="compare-source")
    return html.Tr(
        [
            html.Th(html.Div([_key(at), html.Div([link, source])], className="compare-name"), scope="row"),
            _cell(price),
            *_measures(item),
            _cell(_plain(item["beta"], reason)),
            _cell(_plain(item["index_correlation"], reason)),
            _cell(html.Span(number(item["n"]), title=_outliers(item["outliers"]), className="figure")),
        ]
    )


def _index_row(found: Comparison, at: int, index: dict[str, Any]) -> html.Tr:
    none = _cell(unknown("it is the index itself"))
    words = html.Div([index["name"], html.Span("one close a day", className="compare-source")])
    name = html.Div([_index_key(at), words], className="compare-name")
    short = None if found.reach.daily else SHORT_WINDOW
    return html.Tr(
        [
            html.Th(name, scope="row"),
            _cell(unknown("an index has levels, no price")),
            *_measures(index, short),
            none,
            none,
            _cell(number(index["n"])),
        ]
    )


def _measures(row: dict[str, Any], reason: str | None = None) -> list[html.Td]:
    swing, fall = row["return_volatility"], row["max_drawdown"]
    few = reason or "too few closes"
    return [
        _cell(change(row["percent_change"], 2, reason="only one close")),
        _cell(unknown(few) if swing is None else html.Span(f"{percent(100 * swing, 2)} a day", className="figure")),
        _cell(unknown(few) if fall is None else html.Span(percent(100 * fall, 2), className="figure")),
    ]


def _key(at: int) -> html.Span:
    """The look of an item's line in the chart."""
    dashed = " compare-dashed" if at >= COLOURS else ""
    return html.Span(className=f"compare-key compare-key-{at % COLOURS}{dashed}")


def _index_key(at: int) -> html.Span:
    return html.Span(className=f"compare-key compare-key-index{'-1' if at else ''}")


def _matrix(found: Comparison, answer: dict[str, Any]) -> list[Children]:
    if len(answer["items"]) < 2:  # noqa: PLR2004 - a pair
        return []
    about = answer["correlation"]
    names = [item["market_hash_name"] for item in answer["items"]]
    heads: list[Children] = [html.Td("")]
    heads += [html.Th([_key(at), str(at + 1)], scope="col", title=name) for at, name in enumerate(names)]
    rows = [
        html.Tr(
            [
                html.Th([_key(at), html.B(str(at + 1)), html.Span(name)], scope="row", title=name),
                *(
                    _together(about["matrix"][at][other], about["n"][at][other], (name, names[other]))
                    for other in range(len(names))
                ),
            ]
        )
        for at, name in enumerate(names)
    ]
    scrolls: dict[str, Any] = {"data-scrolls": "", "aria-label": "Correlations of every two"}
    table = html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)], className="compare-matrix")
    step = "daily" if found.reach.daily else "hourly"
    words = (
        f"Of {step} returns that both have; their number stands below. Under {MIN_RETURNS} it is not known."
        " 1: they rise and fall together; 0: neither says anything of the other; below 0: one rises where the other falls."
    )
    return [
        card(
            html.P(words, className="compare-words"),
            html.Div(table, className="compare-scroll", tabIndex=0, role="region", **scrolls),
            title="What moves together",
            info=f"{step} returns",
        )
    ]


def _together(value: float | None, n: int, names: tuple[str, str]) -> html.Td:
    count = html.Span(f"n {number(n)}", className="compare-n")
    one, other = names
    if value is None:
        why = f"{n} returns in common; {MIN_RETURNS} are needed" if n < MIN_RETURNS else "a price that never moved"
        return html.Td([unknown(why), count], className="compare-unknown")
    tip: dict[str, Any] = {"data-tip": f"{one}\n{other}\n{number(value, 2)} from {counted(n, 'return', 'returns')}"}
    towards = "up" if value >= 0 else "down"
    own = " compare-own" if one == other else ""
    style = {"--strength": f"{round(abs(value) * 100)}%"}
    return html.Td([number(value, 2), count], className=f"compare-{towards}{own}", style=style, **tip)


def _cell(value: Children) -> html.Td:
    return html.Td(value, className="compare-figure")


def _plain(value: float | None, reason: str) -> Children:
    return unknown(reason) if value is None else html.Span(number(value, 2), className="figure")


def _outliers(count: int) -> str | None:
    return f"{counted(count, 'outlier', 'outliers')} left out" if count else None
