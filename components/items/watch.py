"""Watching an item: the star that turns it on and off, and the list of what is watched."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from components.items.row import item_name, item_picture
from components.ui.figures import unknown
from components.ui.format import percent
from components.ui.icon import icon
from components.ui.live import live_age, live_change, live_price
from components.ui.page import Children, empty_state
from db.core.pool import Row

ROUTE = "/api/v1/marketwatch"


def watch_button(item_id: int, *, watched: bool, name: str = "", small: bool = False) -> html.Button:
    """The star of an item; `name` says which one where the page shows several. assets/items/watch.js turns it."""
    attributes: dict[str, Any] = {
        "data-watch": item_id,
        "data-account-send": f"{'DELETE' if watched else 'POST'} {ROUTE}/{item_id}",
        "aria-pressed": "true" if watched else "false",
        "aria-label": f"Watch {name}".strip() if small else None,
        "title": "On your watchlist" if watched else "Put it on your watchlist",
    }
    return html.Button(
        [icon("watchlist", size=16), icon("watching", size=16), *([] if small else [html.Span("Watch")])],
        type="button",
        className="watch-button watch-small" if small else "watch-button",
        **{key: value for key, value in attributes.items() if value is not None},
    )


def watch_link(item_id: int) -> dcc.Link:
    """The star where nobody is signed in."""
    return dcc.Link(
        [icon("watchlist", size=16), html.Span("Watch")],
        href=f"/sign-in?next=/item/{item_id}",
        className="watch-button",
        title="Sign in to watch this item",
    )


def sign_in_first() -> html.Div:
    """The watchlist of nobody."""
    link = dcc.Link("Sign in", href="/sign-in?next=/watchlist", className="account-button account-primary")
    return empty_state("You are not signed in", "Sign in to keep items here and see them live.", link, symbol="user")


def nothing_watched() -> html.Div:
    """A watchlist without items."""
    link = dcc.Link("Find items", href="/items", className="account-button account-primary")
    return empty_state(
        "Nothing on your watchlist yet", "Open an item and press Watch; its price then moves here.", link,
        symbol="watchlist",
    )  # fmt: skip


def watch_table(rows: Sequence[Row]) -> Children:
    """Rows of db.accounts.watchlist.lines, live."""
    names = [("Item", "item"), ("Price", "price"), ("Change, 24h", "change"), ("Volatility a day", "volatility")]
    heads = [html.Th(text, className=f"watch-{kind}", scope="col") for text, kind in (*names, ("Quoted", "age"))]
    off = html.Th(html.Span("Watching", className="out-of-sight"), className="watch-star", scope="col")
    caption = html.Caption("What you watch", className="out-of-sight")
    parts = [caption, html.Thead(html.Tr([*heads, off])), html.Tbody([_line(row) for row in rows])]
    return html.Table(parts, className="row-cards figures watch-table")


def _line(row: Row) -> html.Tr:
    at: dict[str, Any] = {
        "source": row["source"], "quoted_at": row["price_time"], "stale_after": row["stale_after"],
    }  # fmt: skip
    item_id, name = row["item_id"], row["market_hash_name"]
    link = dcc.Link(
        [item_picture(row), html.Span(item_name(row), className="item-name")],
        href=f"/item/{item_id}",
        className="rank-link",
        title=name,
    )
    base = row["base_price"]
    moved = live_change(item_id, row["price"], base, **at) if base else unknown("no price 24 hours ago")
    volatility = row["return_volatility"]
    return html.Tr(
        [
            html.Th(link, className="watch-item", scope="row"),
            html.Td(_price(row, at), className="watch-price"),
            html.Td(moved, className="watch-change"),
            html.Td(
                unknown("not enough prices in 24 hours") if volatility is None else percent(volatility * 100),
                className="watch-volatility",
            ),
            html.Td(_age(row, at), className="watch-age"),
            html.Td(watch_button(item_id, watched=True, name=name, small=True), className="watch-star"),
        ]
    )


def _price(row: Row, at: dict[str, Any]) -> Children:
    if row["price"] is None:
        return unknown("nobody has quoted a price yet")
    return live_price(row["item_id"], row["price"], price_scale=row["price_scale"], currency=row["currency"], **at)


def _age(row: Row, at: dict[str, Any]) -> Children:
    if row["price"] is None:
        return unknown("nobody has quoted a price yet")
    return [html.Span(f"{row['source']} · "), live_age(row["item_id"], **at), " ago"]
