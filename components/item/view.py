"""Item view: head, sources and similar items, made from database rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import dcc, html

from app.providers.sources import is_simulated
from components.items.row import item_name, rarity_class, stand_in
from components.ui.figures import change, unknown
from components.ui.format import age_text, date_text, money, number, percent
from components.ui.live import live_age, live_change, live_price
from components.ui.page import Children, card, empty_state, simulated_badge, skeleton
from db.core.pool import Row


def item_head(item: Row, quote: Row | None, previous: int | None) -> html.Header:
    """Image, name, wear and rarity; the live price, its change of 24 h from `previous`, its source and age."""
    words = [part for part in (item["weapon_type"], item["wear"], item["rarity"]) if part]
    kinds = [kind for kind, present in (("StatTrak™", item["stattrak"]), ("Souvenir", item["souvenir"])) if present]
    plain = _plain_name(item)
    title = html.Div(
        [
            html.H1(plain, className="item-title"),
            html.P([html.Span(word) for word in (*kinds, *words)], className="item-kinds"),
        ],
        className="item-words",
    )
    return html.Header(
        [html.Div([_picture(item), title], className="item-who"), _price(item, quote, previous)],
        className=f"item-head {rarity_class(item['rarity'])}",
    )


def head_skeleton() -> html.Div:
    """The head before it is known."""
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    identity = html.Div(
        [
            html.Span(className="item-image"),
            html.Div([skeleton(24, width=280), skeleton(14, width=180)], className="item-words item-waiting"),
        ],
        className="item-who",
    )
    price = html.Div([skeleton(28, width=140), skeleton(14, width=110)], className="item-now item-waiting")
    return html.Div([identity, price], className="item-head", **hidden)


def source_table(item: Row, quotes: list[Row]) -> Children:
    """What each source asks, how old that is, and how far it lies from the reference."""
    if not quotes:
        return empty_state("No quotes yet", "Prices appear here with the first quote of any source.")
    reference = quotes[0]["price"] if quotes[0]["reference"] else None
    heads = ("Source", "Price", "To reference", "Age", "Listings", "Bid", "Ask")
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in heads]))
    rows = [_labelled(_source_row(item, quote, reference), heads) for quote in quotes]
    named: dict[str, Any] = {"tabIndex": 0, "role": "region", "aria-label": "Sources"}
    return html.Div(
        html.Table([head, html.Tbody(rows)], className="item-sources row-cards"), className="item-scroll", **named
    )


def _labelled(row: html.Tr, heads: Sequence[str]) -> html.Tr:
    """The row with each cell's head on it, for windows that are too narrow for a table."""
    for cell, name in zip(row.children, heads, strict=True):
        setattr(cell, "data-label", name)
    return row


def similar_list(rows: list[Row]) -> Children:
    """Other wears of the same finish, then the weapon's others nearest in price."""
    if not rows:
        return empty_state("Nothing alike", "No other item of this weapon is known.")
    return html.Ul([html.Li(_similar(row)) for row in rows], className="item-similar")


def _similar(row: Row) -> dcc.Link:
    money_of = {"price_scale": row["price_scale"], "currency": row["currency"]}
    figures = [
        live_price(row["id"], row["price"], source=row["source"], quoted_at=row["price_time"], **money_of),
        change(row["percent_change"], reason="no price 24 hours ago"),
    ]
    name = html.Span(item_name(row), className="item-similar-name item-name", title=row["market_hash_name"])
    return dcc.Link(
        [name, html.Span(figures, className="item-similar-figures")],
        href=f"/item/{row['id']}",
        className=f"item-similar-link {rarity_class(row['rarity'])}",
    )


def _source_row(item: Row, quote: Row, reference: int | None) -> html.Tr:
    scale, currency = item["price_scale"], item["currency"]
    at = quote_arguments(quote)
    spread = quote["price"] / reference - 1 if reference and not quote["reference"] else None
    to_reference: Children
    if quote["reference"]:
        to_reference = html.Span("reference", className="muted")
    else:
        to_reference = unknown("no reference price") if spread is None else percent(100 * spread, signed=True)
    name = [html.Span(quote["source"])]
    if is_simulated(quote["source"]):
        name.append(html.Span("simulated", className="item-simulated"))
    return html.Tr(
        [
            html.Th(name, scope="row"),
            html.Td(live_price(item["id"], quote["price"], price_scale=scale, currency=currency, **at)),
            html.Td(to_reference),
            html.Td(live_age(item["id"], **at)),
            html.Td(_known(quote["listings"], "this source tells no offers")),
            html.Td(money(quote["bid"], scale, currency) if quote["bid"] else unknown("this source tells no bids")),
            html.Td(money(quote["ask"], scale, currency) if quote["ask"] else unknown("this source tells no asks")),
        ]
    )


def _price(item: Row, quote: Row | None, previous: int | None) -> html.Div:
    if quote is None:
        return html.Div([unknown("nobody has quoted a price yet"), html.P("no price yet")], className="item-now")
    at = quote_arguments(quote)
    figure = live_price(item["id"], quote["price"], price_scale=item["price_scale"], currency=item["currency"], **at)
    moved = live_change(item["id"], quote["price"], previous, **at) if previous else unknown("no price 24 hours ago")
    badge: list[Any] = [simulated_badge()] if is_simulated(quote["source"]) else []
    # An old quote says its day as well: "708 d ago" alone is hard to place.
    day = html.Span(date_text(quote["time"]), className="item-day")
    about = [html.Span(quote["source"]), html.Span("·"), live_age(item["id"], **at), html.Span("ago"), day]
    return html.Div(
        [
            html.Div(
                [
                    html.Span(figure, className="item-now-figure"),
                    html.Span([moved, html.Span(" 24 h")], className="item-now-moved"),
                ]
            ),
            html.Div([html.Span(about, className="item-about"), *badge], className="item-badges"),
        ],
        className="item-now",
    )


def quote_arguments(quote: Row) -> dict[str, Any]:
    """What live elements say of a quote's price."""
    moment: datetime = quote["time"]
    return {"source": quote["source"], "quoted_at": moment, "stale_after": quote["stale_after"]}


def _picture(item: Row) -> Any:
    if item["image_url"]:
        return html.Img(src=item["image_url"], alt="", className="item-image", width=96, height=72)
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    return html.Span(stand_in(item), className="item-image", **hidden)


def _plain_name(item: Row) -> str:
    name: str = item["market_hash_name"]
    return name.removesuffix(f" ({item['wear']})") if item["wear"] else name


def _known(value: int | None, reason: str) -> Children:
    return unknown(reason) if value is None else number(value)


def source_choices(quotes: list[Row]) -> list[dict[str, str]]:
    """The sources that the chart may draw; the reference goes by that name, so that a shared link follows it."""
    reference = next((quote["source"] for quote in quotes if quote["reference"]), None)
    others = [quote["source"] for quote in quotes if not quote["reference"]]
    name = _source_label(reference) if reference else "Reference"
    first = {"value": "reference", "label": f"{name} · reference" if reference and others else name}
    return [first, *({"value": source, "label": _source_label(source)} for source in others)]


def not_found(text: str) -> html.Section:
    """No item goes by this address."""
    back = dcc.Link("All items", href="/items", className="item-button")
    return card(empty_state("No such item", text, back, symbol="search"))


def empty_chart(last: datetime | None, window: str, action: Children) -> html.Div:
    """Why a chart is empty, when the last quote was, and the `action` that brings it to the screen."""
    if last is None:
        return empty_state("No prices yet", "This source has not quoted the item. Choose another above.")
    return empty_state(
        f"No quotes in the last {_long(window)}",
        f"The last one came on {date_text(last)}, {age_text(last)}.",
        action,
        symbol="market",
    )


def empty_measures(last: datetime | None, window: str) -> html.Div:
    """Stands in the place of the measures where a window holds no quote."""
    if last is None:
        return empty_state("Nothing to measure", "Measures appear with the first prices.", symbol="rankings")
    text = f"Measures need quotes of the last {_long(window)}; the last one came on {date_text(last)}."
    return empty_state("Nothing to measure", text, symbol="rankings")


def _long(window: str) -> str:
    return {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "1y": "year"}.get(window, window)


def _source_label(source: str) -> str:
    return f"{source} (simulated)" if is_simulated(source) else source
