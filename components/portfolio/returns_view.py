"""Returns view: tiles, a heat map of months, tables of years and months."""

from calendar import month_abbr, month_name
from collections.abc import Mapping
from typing import Any

from dash import html

from app.portfolio.periodic_returns import Period
from components.ui.figures import gain, share_of, unknown
from components.ui.format import amount, date_text, percent
from components.ui.page import Children, card, tile

STRONGEST = 0.2
"""The monthly return that is shown in the strongest colour."""
MONTHS = range(1, 13)
MWR_REASON = "needs 30 days of valuations and money in the portfolio"
IDLE = "nothing was held"


def returns_tab(
    performance: Mapping[str, Any],
    months: Mapping[tuple[int, int], Period],
    years: Mapping[int, Period],
    currency: str,
) -> list[Children]:
    """All of the tab."""
    since = performance["since"]
    first = f"since {date_text(since)}"
    heat = card(
        heat_map(months, years),
        html.Div([_behind(months, currency), _legend()], className="portfolio-foot"),
        title="Monthly returns",
        info="time-weighted, UTC months",
    )
    return [
        html.Div(_tiles(performance, first, currency), className="tiles portfolio-returns-tiles"),
        heat,
        card(_years(years, currency), title="By year", info=first),
    ]


def _tiles(found: Mapping[str, Any], first: str, currency: str) -> list[Children]:
    yearly = found["time_weighted_yearly"]
    note = first if yearly is None else f"{first} · {percent(100 * yearly, signed=True)} a year"
    reason = "the whole value was lost, or nothing was held"
    rate = found["money_weighted"]
    return [
        tile("Time-weighted return", share_of(found["time_weighted"], reason=reason, digits=2), note),
        tile(
            "Money-weighted return",
            share_of(rate, reason=MWR_REASON, digits=2),
            f"a year, {first}" if rate is not None else MWR_REASON,
        ),
        tile("Gain", gain(found["gain"], currency, reason=IDLE), first),
        tile("Put in", amount(found["deposits"], currency), [amount(found["withdrawals"], currency), " taken out"]),
    ]


def heat_map(months: Mapping[tuple[int, int], Period], years: Mapping[int, Period]) -> html.Table:
    """A row a year, the newest first; on phones each year becomes a block of its own, so that roles are said."""
    names = ["Year", *(month_abbr[month] for month in MONTHS), "Whole year"]
    heads = [html.Th(name, scope="col", role="columnheader") for name in names]
    rows = []
    for year in sorted(years, reverse=True):
        cells = [_cell(month_name[month], months.get((year, month))) for month in MONTHS]
        whole = _cell("Whole year", years[year], extra="portfolio-heat-year")
        rows.append(html.Tr([html.Th(str(year), scope="row", role="rowheader"), *cells, whole], role="row"))
    named: dict[str, Any] = {"aria-label": "Monthly returns"}
    return html.Table(
        [html.Thead(html.Tr(heads, role="row"), role="rowgroup"), html.Tbody(rows, role="rowgroup")],
        className="portfolio-heat",
        role="table",
        **named,
    )


def _cell(name: str, period: Period | None, *, extra: str = "") -> html.Td:
    short: dict[str, Any] = {"data-month": name if extra else name[:3]}
    if period is None:
        return html.Td("", className=f"portfolio-heat-none {extra}".strip(), role="cell", **short)
    if period.earned is None:
        return html.Td(unknown(IDLE), className=extra or None, role="cell", **short)
    towards = "up" if period.earned >= 0 else "down"
    strength = min(100, round(abs(period.earned) / STRONGEST * 100))
    short["data-tip"] = f"{name} {period.last:%Y}\n{percent(100 * period.earned, 2, signed=True)}, {_span(period)}"
    return html.Td(
        percent(100 * period.earned, 1, signed=True),
        className=f"portfolio-heat-{towards} {extra}".strip(),
        style={"--strength": f"{strength}%"},
        role="cell",
        **short,
    )


def _span(period: Period) -> str:
    return f"{date_text(period.first)} to {date_text(period.last)}"


def _legend() -> html.Div:
    ends = [percent(100 * sign * STRONGEST, 0, signed=True) for sign in (-1, 1)]
    named: dict[str, Any] = {"aria-label": f"Colours from {ends[0]} to {ends[1]}"}
    return html.Div([ends[0], html.Span(className="scale-bar"), ends[1]], className="scale", role="img", **named)


def _years(years: Mapping[int, Period], currency: str) -> html.Div:
    return _table({str(year): years[year] for year in sorted(years, reverse=True)}, "Year", currency)


def _behind(months: Mapping[tuple[int, int], Period], currency: str) -> html.Details:
    rows = {f"{month_abbr[month]} {year}": months[year, month] for year, month in sorted(months, reverse=True)}
    return html.Details(
        [html.Summary("Month by month as a table"), _table(rows, "Month", currency)], className="behind"
    )


def _table(periods: Mapping[str, Period], what: str, currency: str) -> html.Div:
    names = [what, "Return", "Gain", "Put in", "Taken out", "Value at the end"]
    lines = [
        html.Tr(
            [
                html.Th(name, scope="row", title=_span(period)),
                html.Td(share_of(period.earned, reason=IDLE, digits=2)),
                html.Td(gain(period.gain, currency, reason=IDLE)),
                html.Td(amount(period.deposits, currency)),
                html.Td(amount(period.withdrawals, currency)),
                html.Td(amount(period.end, currency)),
            ]
        )
        for name, period in periods.items()
    ]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    scrolls: dict[str, Any] = {"data-scrolls": "", "aria-label": f"Returns by {what.lower()}"}
    table = html.Table([head, html.Tbody(lines)], className="plain-table portfolio-periods")
    return html.Div(table, className="plain-frame", tabIndex=0, role="region", **scrolls)
