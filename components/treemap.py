"""The market as a treemap: type, then item; size what is sold, colour the change."""

from typing import Any

import dash_mantine_components as dmc
import plotly.graph_objects as go
from dash import html

from components import theme
from components.format import change, money, number, percent, short_number
from db.pool import Row

OTHER = "Other"
ROOT = "market"
# The change that is shown in the strongest colour.
STRONGEST = {"24h": 8.0, "7d": 15.0, "30d": 30.0}
CONFIG: Any = {"displaylogo": False, "displayModeBar": False, "responsive": True}
IN_TABLE = 50
WORDS = "%{label}<br>%{text}"
LEAST_WITH_WORDS = 0.0035


def figure(rows: list[Row], window: str, scheme: str | None) -> go.Figure:
    """Rows of db.market.heaviest; a leaf's id is `item:<number>`."""
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        kinds.setdefault(row["weapon_type"] or OTHER, []).append(row)
    everything = sum(row["weight"] for row in rows)
    moved = sum(row["weight"] * row["percent_change"] for row in rows) / everything
    ids, labels, parents = [ROOT], ["All types"], [""]
    values, colours, texts = [everything], [0.0], [""]
    hovers = [f"<b>{len(rows)} items</b><br>{percent(moved, signed=True)} by weight"]
    for kind, members in kinds.items():
        whole = sum(row["weight"] for row in members)
        mean = sum(row["weight"] * row["percent_change"] for row in members) / whole
        ids.append(f"type:{kind}")
        labels.append(kind)
        parents.append(ROOT)
        values.append(whole)
        colours.append(mean)
        texts.append("")
        hovers.append(f"<b>{kind}</b><br>{len(members)} items, {percent(mean, signed=True)} by weight")
        for row in members:
            ids.append(f"item:{row['item_id']}")
            labels.append(row["skin_name"] or row["market_hash_name"])
            parents.append(f"type:{kind}")
            values.append(row["weight"])
            colours.append(row["percent_change"])
            texts.append(percent(row["percent_change"], signed=True))
            hovers.append(_hover(row, window))
    # Fields too small for words get none; hover and the table have them.
    templates = [WORDS if value > LEAST_WITH_WORDS * everything else " " for value in values]
    strongest = STRONGEST[window]
    tokens = theme.tokens(scheme)
    trace = go.Treemap(
        ids=ids,
        labels=labels,
        parents=parents,
        values=values,
        text=texts,
        customdata=hovers,
        branchvalues="total",
        texttemplate=templates,
        hovertemplate="%{customdata}<extra></extra>",
        textfont={"family": theme.FONT, "color": tokens.text, "size": 12},
        marker={
            "colors": colours,
            "colorscale": theme.change_scale(scheme),
            "cmin": -strongest,
            "cmax": strongest,
            "line": {"width": 1, "color": tokens.surface},
            "pad": {"t": 22, "l": 2, "r": 2, "b": 2},
        },
        tiling={"pad": 1},
        pathbar={"visible": False},
    )
    drawn = go.Figure(trace)
    drawn.update_layout(template=theme.plotly_template(scheme), margin={"l": 0, "r": 0, "t": 0, "b": 0})
    return drawn


def _hover(row: Row, window: str) -> str:
    price = money(row["price"], row["price_scale"], row["currency"])
    moved = percent(row["percent_change"], signed=True)
    sold = short_number(row["volume_per_day"])
    return f"<b>{row['market_hash_name']}</b><br>{price}, {moved} in {window}<br>{sold} sold a day, {row['source']}"


def legend(window: str) -> html.Div:
    """What the colours mean."""
    strongest = STRONGEST[window]
    ends: list[Any] = [
        percent(-strongest, 0, signed=True),
        html.Span(className="scale-bar"),
        percent(strongest, 0, signed=True),
    ]
    return html.Div(ends, className="scale", role="img", **_name(f"Colours from {ends[0]} to {ends[2]}"))


def table(rows: list[Row], *, by_value: bool) -> html.Details:
    """The same figures as text, for readers and screen readers that cannot use the picture."""
    head = dmc.TableThead(
        dmc.TableTr(
            [
                dmc.TableTh("Item"),
                dmc.TableTh("Type"),
                dmc.TableTh("Price", ta="right"),
                dmc.TableTh("Change", ta="right"),
                dmc.TableTh("Value sold a day" if by_value else "Sold a day", ta="right"),
            ]
        )
    )
    body = dmc.TableTbody([_line(row, by_value=by_value) for row in rows[:IN_TABLE]])
    shown = min(len(rows), IN_TABLE)
    grid = dmc.TableScrollContainer(dmc.Table([head, body], striped=True), minWidth=560, maxHeight=400)
    return html.Details([html.Summary(f"The {number(shown)} largest as a table"), grid], className="behind")


def _line(row: Row, *, by_value: bool) -> dmc.TableTr:
    cells: list[Any] = [
        row["market_hash_name"],
        row["weapon_type"] or OTHER,
        money(row["price"], row["price_scale"], row["currency"]),
        change(row["percent_change"]),
        money(round(row["weight"] * 100), 100, row["currency"]) if by_value else number(row["weight"]),
    ]
    return dmc.TableTr([dmc.TableTd(cell, ta="left" if place < 2 else "right") for place, cell in enumerate(cells)])  # noqa: PLR2004


def _name(text: str) -> dict[str, Any]:
    return {"aria-label": text}
