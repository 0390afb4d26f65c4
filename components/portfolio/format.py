"""Formats of a portfolio's amounts: its currency; gains with sign, arrow and colour."""

from typing import Any

from dash import html

from app.analytics.portfolio.money import digits
from components.ui.format import NO_BREAK, direction, money, percent, unknown
from components.ui.page import Children

ARROWS = {"up": "▲ +", "down": "▼ ", "neutral": ""}


def scale(currency: str) -> int:
    """Minor units in one unit of a currency."""
    return int(10 ** digits(currency))


def amount(value: int | None, currency: str) -> str:
    """Minor units as money; unknown is a dash."""
    return money(value, scale(currency), currency)


def gain(value: int | None, currency: str, *, reason: str) -> html.Span:
    """A gain or loss; unknown is a dash with the `reason` on hover."""
    if value is None:
        return unknown(reason)
    towards = direction(value, 0)
    text = amount(value, currency).replace("-", "\u2212")
    return html.Span(f"{ARROWS[towards]}{text}", className=f"figure {towards}")


def share_of(fraction: float | None, *, reason: str, digits: int = 1) -> html.Span:
    """A fraction as a signed percentage with arrow and colour."""
    if fraction is None:
        return unknown(reason)
    towards = direction(100 * fraction, digits)
    arrow = {"up": "▲ ", "down": "▼ ", "neutral": ""}[towards]
    return html.Span(f"{arrow}{percent(100 * fraction, digits, signed=True)}", className=f"figure {towards}")


def ordinal(value: int) -> str:
    """`1st`, `22nd`, `13th`."""
    if value % 100 in {11, 12, 13}:
        return f"{value}th"
    return f"{value}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(value % 10, 'th') }"


def counted(count: int, one: str, several: str) -> str:
    """`1 item`, `2,000 items`."""
    return f"{count:,}{NO_BREAK}{one if count == 1 else several}"


def hook(name: str, content: Children) -> html.Span:
    """A figure that assets/portfolio/live.js keeps right as prices come."""
    attributes: dict[str, Any] = {"data-portfolio-figure": name}
    return html.Span(content, **attributes)
