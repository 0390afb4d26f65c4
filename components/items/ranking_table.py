"""A ranking as a table: a bar in the cell shows how a value stands to the greatest one shown."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from dash import dcc, html

from app.spreadsheet import Cell, csv_text
from components.items.measures import HOURLY, Measure
from components.items.row import item_name, item_picture
from components.ui.figures import unknown
from components.ui.format import number, short_number
from components.ui.live import live_change, live_price
from db.core.pool import Row
from db.items.sources import is_simulated

CSV_HEAD = ("rank", "item_id", "market_hash_name", "source", "price", "currency", "percent_change")
CSV_TAIL = ("volume_per_day", "samples", "coverage", "as_of")


def table(rows: Sequence[Row], measure: Measure, window: str, *, descending: bool) -> html.Div:
    """Rows of db.items.rankings.ranked, in their order."""
    greatest = max((abs(row[measure.key]) for row in rows), default=0) or 1
    names = [("#", "place"), ("Item", "item"), ("Price", "price"), (f"Change, {window}", "change")]
    names += [(measure.name, "score"), ("Sold a day", "sold"), ("Closes", "closes")]
    head = html.Thead(html.Tr([html.Th(text, className=f"rank-{kind}", scope="col") for text, kind in names]))
    body = html.Tbody([_line(place, row, measure, greatest, window) for place, row in enumerate(rows, 1)])
    order = "highest first" if descending else "lowest first"
    caption = html.Caption(f"Items by {measure.name}, {order}, window {window}", className="out-of-sight")
    return html.Div(
        html.Table([caption, head, body], className=f"row-cards figures ranking ranking-{measure.key}"),
        className="ranking-frame",
    )


def _line(place: int, row: Row, measure: Measure, greatest: float, window: str) -> html.Tr:
    quote: dict[str, Any] = {
        "source": row["source"],
        "quoted_at": row["price_time"],
        "stale_after": row["stale_after"],
    }
    price = live_price(row["item_id"], row["price"], price_scale=row["price_scale"], currency=row["currency"], **quote)
    moved = live_change(row["item_id"], row["price"], row["base_price"], **quote)
    link = dcc.Link(
        [item_picture(row), html.Span(item_name(row), className="item-name")],
        href=f"/item/{row['item_id']}",
        className="rank-link",
        title=row["market_hash_name"],
    )
    sold = row["volume_per_day"]
    return html.Tr(
        [
            html.Td(place, className="rank-place"),
            html.Th(link, className="rank-item", scope="row"),
            html.Td(price, className="rank-price"),
            html.Td(moved, className="rank-change"),
            html.Td(_score(row[measure.key], measure, greatest), className="rank-score"),
            html.Td(
                unknown("this source tells no volume") if sold is None else short_number(sold), className="rank-sold"
            ),
            html.Td(
                number(row["samples"]),
                className="rank-closes",
                title=f"{row['samples']} {HOURLY[window]} closes, {row['coverage']:.0%} of the window",
            ),
        ]
    )


def _score(value: float, measure: Measure, greatest: float) -> html.Div:
    """The figure over a bar as wide as its share of the greatest."""
    side = ("up" if value > 0 else "down") if measure.signed else "plain"
    bar = html.Span(className=f"bar-fill bar-{side}", style={"width": f"{abs(value) / greatest * 100:.1f}%"})
    return html.Div([html.Span(bar, className="bar-track"), html.Span(measure.text(value), className="bar-text")])


def as_csv(rows: Sequence[Row], measure: Measure) -> str:
    """What the table shows, with plain figures: prices in whole units, shares as fractions, times in UTC."""
    keys = () if measure.key == "percent_change" else (measure.key,)
    lines: list[tuple[Cell, ...]] = [(*CSV_HEAD, *keys, *CSV_TAIL, "simulated")]
    for place, row in enumerate(rows, 1):
        head = (
            place,
            row["item_id"],
            row["market_hash_name"],
            row["source"],
            Decimal(row["price"]) / row["price_scale"],
            row["currency"],
            row["percent_change"],
        )
        tail = (row["volume_per_day"], row["samples"], row["coverage"], row["as_of"].strftime("%Y-%m-%dT%H:%M:%SZ"))
        lines.append((*head, *(row[key] for key in keys), *tail, is_simulated(row["source"])))
    return csv_text(lines, mark=True)
