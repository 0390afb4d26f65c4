"""Figures: numbers as elements, with sign, arrow and colour together, and why one is unknown on hover."""

from typing import Any

from dash import html

from components.ui.format import DASH, amount, direction, percent

ARROWS = {"up": "▲ ", "down": "▼ ", "neutral": ""}


def change(value: float | None, digits: int = 1, *, reason: str = "not enough prices in this window") -> html.Span:
    """A change in percent with sign, arrow and colour; unknown is a dash with the reason on hover."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return unknown(reason)
    towards = direction(value, digits)
    return html.Span(f"{ARROWS[towards]}{percent(value, digits, signed=True)}", className=f"figure {towards}")


def gain(value: int | None, currency: str, *, reason: str) -> html.Span:
    """A gain or loss; unknown is a dash with the `reason` on hover."""
    if value is None:
        return unknown(reason)
    towards = direction(value, 0)
    text = amount(value, currency).replace("-", "\u2212")
    plus = "+" if towards == "up" else ""
    return html.Span(f"{ARROWS[towards]}{plus}{text}", className=f"figure {towards}")


def share_of(fraction: float | None, *, reason: str, digits: int = 1) -> html.Span:
    """A fraction as a signed percentage with arrow and colour."""
    if fraction is None:
        return unknown(reason)
    towards = direction(100 * fraction, digits)
    return html.Span(f"{ARROWS[towards]}{percent(100 * fraction, digits, signed=True)}", className=f"figure {towards}")


def unknown(reason: str) -> html.Span:
    """The dash that stands for an unknown value, with the reason on hover and for screen readers."""
    attributes: dict[str, Any] = {"aria-label": f"unknown: {reason}", "role": "img"}
    return html.Span(DASH, title=reason, className="figure unknown", tabIndex=0, **attributes)


def exact(short: str, full: str) -> html.Span:
    """A shortened figure with the exact one on hover."""
    return html.Span(short, title=full, className="figure") if short != full else html.Span(full, className="figure")
