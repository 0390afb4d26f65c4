"""Live elements: price, age and change, written by the server and updated by assets/live/cells.js."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dash import html

from app.times import rfc3339
from components.ui.format import DASH, format_age, format_change, format_money


def live_price(
    item_id: int,
    price: int | None,
    *,
    price_scale: int = 100,
    currency: str = "USD",
    source: str | None = None,
    quoted_at: datetime | None = None,
    stale_after: float | None = None,
    id: str | None = None,  # noqa: A002 - Dash's name for it
) -> html.Span:
    """An item's price, moved by quotes of `source` alone, or by any where it is None.

    `price` is in minor units, `stale_after` in seconds; both and `quoted_at` may be unknown.
    """
    text = DASH if price is None else format_money(price, price_scale, currency)
    figures = {"data-live-scale": price_scale, "data-live-currency": currency, "data-live-price": price, "id": id}
    return _element(text, item_id, "price", _Quote(source, quoted_at, stale_after), figures)


def live_age(
    item_id: int,
    *,
    source: str | None = None,
    quoted_at: datetime | None = None,
    stale_after: float | None = None,
    id: str | None = None,  # noqa: A002 - Dash's name for it
) -> html.Span:
    """How old an item's price is, counted on every second."""
    text = DASH if quoted_at is None else format_age(_age(quoted_at))
    return _element(text, item_id, "age", _Quote(source, quoted_at, stale_after), {"id": id})


def live_change(
    item_id: int,
    price: int | None,
    base: int | None,
    *,
    source: str | None = None,
    quoted_at: datetime | None = None,
    stale_after: float | None = None,
    id: str | None = None,  # noqa: A002 - Dash's name for it
) -> html.Span:
    """The change of an item's price against `base`, in percent; both are in minor units and may be unknown."""
    text, look = DASH, ""
    if price is not None and base:
        text, direction = format_change(price, base)
        look = ("", "live-up", "live-down")[direction]
    figures = {"data-live-base": base, "data-live-price": price, "id": id}
    return _element(text, item_id, "change", _Quote(source, quoted_at, stale_after), figures, look=look)


def live_subscription(item_id: int) -> html.Span:
    """Nothing to see: its page hears of this item by the events `tracera:price` and `tracera:volatility`."""
    attributes: dict[str, Any] = {"data-live-item": item_id, "data-live-field": "none"}
    return html.Span(**attributes)


def live_chip(*, simulated: bool, max_items: int | None = None) -> html.Span:
    """How live the page is; says "Simulated market" where prices are invented.

    `max_items` is how many items the server lets a page subscribe to; None: its default.
    """
    text = "Simulated market" if simulated else "Connecting"
    attributes: dict[str, Any] = {
        "data-live-chip": "",
        "data-live-simulated": "true" if simulated else "false",
        "data-live-state": "reconnecting",
        "data-live-max": max_items,
    }
    leaf: dict[str, Any] = {"data-live-text": ""}
    return html.Span(html.Span(text, **leaf), className="live-chip", **attributes)


@dataclass(frozen=True, slots=True)
class _Quote:
    """Where and when a price came from, and for how many seconds it is fresh."""

    source: str | None
    at: datetime | None
    stale_after: float | None

    @property
    def age(self) -> float | None:
        return None if self.at is None else _age(self.at)

    @property
    def is_stale(self) -> bool:
        return self.age is not None and self.stale_after is not None and self.age > self.stale_after

    @property
    def time(self) -> str | None:
        return rfc3339(self.at) if self.at else None

    def __str__(self) -> str:
        if self.at is None or self.age is None:
            return "no price yet"
        age = f"{format_age(self.age)} ago · {self.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        return f"{self.source} · {age}" if self.source else age


def _element(
    text: str, item_id: int, field: str, quote: _Quote, figures: Mapping[str, Any], *, look: str = ""
) -> html.Span:
    attributes: dict[str, Any] = {
        "data-live-item": item_id,
        "data-live-field": field,
        "data-live-source": quote.source,
        "data-live-at": quote.time,
        "data-live-stale-after": quote.stale_after,
        "className": f"{look} stale".strip() if quote.is_stale else look or None,
        "title": str(quote),
    }
    known = {name: value for name, value in (attributes | dict(figures)).items() if value is not None}
    return html.Span(text, **known)


def _age(quoted_at: datetime) -> float:
    return (datetime.now(UTC) - quoted_at).total_seconds()
