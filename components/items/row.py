"""Item row: picture, name, wear, and figures at the right."""

from typing import Any

from dash import dcc, html

from components.items.silhouette import silhouette, slug
from components.ui.live import live_change, live_price
from components.ui.page import Children
from db.core.pool import Row

WEARS = {
    "Factory New": "FN",
    "Minimal Wear": "MW",
    "Field-Tested": "FT",
    "Well-Worn": "WW",
    "Battle-Scarred": "BS",
}


def item_picture(row: Row) -> html.Span:
    """The item's image, or the silhouette of its kind where no market gives one; of a pair its first letters."""
    if row["image_url"]:
        image = html.Img(src=row["image_url"], alt="", width=28, height=24)
        return html.Span(image, className="item-picture")
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    look = f"item-picture {rarity_class(row['rarity'])}".strip()
    return html.Span(stand_in(row), className=look, **hidden)


def stand_in(item: Row) -> Children:
    """What is drawn in place of an image: a pair's first letters, else the silhouette of the item's kind."""
    return str(item["base_currency"])[:2] if item.get("base_currency") else silhouette(item)


def rarity_class(rarity: str | None) -> str:
    """The class that carries a rarity's colour; see assets/items/page.css."""
    return f"rarity-{slug(rarity)}" if rarity else ""


def item_name(row: Row) -> list[Children]:
    """The name without its wear, and its wear after it in the players' short form; of a pair its two currencies."""
    if row.get("base_currency"):
        quote = html.Span(f" / {row['currency']}", className="muted")
        return [html.Span([row["base_currency"], quote], className="item-base")]
    name = str(row["market_hash_name"])
    wear = row.get("wear")
    if not wear:
        return [html.Span(name, className="item-base")]
    short = html.Abbr(WEARS.get(wear, wear), title=wear, className="item-wear")
    return [html.Span(name.removesuffix(f" ({wear})"), className="item-base"), short]


def live_row(row: Row, *, figure: Children = None) -> dcc.Link:
    """A line that leads to the item; `figure` stands in the place of the change where it is given."""
    quote: dict[str, Any] = {"source": row["source"], "quoted_at": row["price_time"], "stale_after": row["stale_after"]}
    money = {"price_scale": row["price_scale"], "currency": row["currency"]}
    price = live_price(row["item_id"], row["price"], **money, **quote)
    moved = live_change(row["item_id"], row["price"], row["base_price"], **quote) if figure is None else figure
    return dcc.Link(
        [
            item_picture(row),
            html.Span(item_name(row), className="item-name", title=row["market_hash_name"]),
            html.Span(price, className="row-price"),
            html.Span(moved, className="row-figure"),
        ],
        href=f"/item/{row['item_id']}",
        className="item-row",
    )
