"""Number formats: the same on every page, unknown never as 0."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from dash import html

from components.ui.live import UNKNOWN, format_age, format_money

MINUS = "\u2212"
NO_BREAK = "\u00a0"
MAX_DECIMALS = 8
_SHORT = (("T", 10**12), ("B", 10**9), ("M", 10**6), ("k", 10**3))
_SHORTENED_FROM = 10_000
_NO_FRACTION = 2**52


def money(price: int | None, price_scale: int = 100, currency: str = "USD") -> str:
    """Minor units as money, `$1,234.56`; a fine scale shows the decimals it needs, at most eight."""
    if price is None:
        return UNKNOWN
    decimals = len(str(price_scale)) - 1
    if decimals > MAX_DECIMALS:
        price, price_scale = round(price / 10 ** (decimals - MAX_DECIMALS)), 10**MAX_DECIMALS
    return format_money(price, price_scale, currency)


def short_money(price: int | None, price_scale: int = 100, currency: str = "USD") -> str:
    """Minor units in three figures from 10,000 units on, `$12.4k`; smaller amounts are written out."""
    if price is None or abs(price) < _SHORTENED_FROM * price_scale:
        return money(price, price_scale, currency)
    figure, suffix = _shorten(abs(price) / price_scale)
    # The currency's sign and its place are those of a whole amount.
    return ("-" if price < 0 else "") + format_money(1, 1, currency).replace("1", f"{figure}{suffix}")


def number(value: float | None, digits: int = 0) -> str:
    """A count or figure with thousands separated and a fixed number of decimals."""
    return UNKNOWN if value is None or value != value else _signed(rounded(value, digits))  # noqa: PLR0124 - NaN


def rounded(value: float, digits: int) -> str:
    """A figure with thousands separated, halves away from zero, as JavaScript's toFixed and Intl.NumberFormat round it."""
    if abs(value) >= _NO_FRACTION:
        return f"{value:,.{digits}f}"
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,f}"


def short_number(value: float | None) -> str:
    """A count in three figures from 10,000 on: `12.4k`."""
    if value is None or abs(value) < _SHORTENED_FROM:
        return number(value)
    figure, suffix = _shorten(abs(value))
    return ("" if value >= 0 else MINUS) + figure + suffix


def percent(value: float | None, digits: int = 1, *, signed: bool = False) -> str:
    """A value in percent: `2.3 %`, with `signed` `+2.3 %`; zero has no sign."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return UNKNOWN
    text = _signed(rounded(value, digits))
    plus = "+" if signed and direction(value, digits) == "up" else ""
    return f"{plus}{text}{NO_BREAK}%"


def direction(value: float | None, digits: int = 1) -> str:
    """`up`, `down` or `neutral`, as the value reads when rounded to `digits`."""
    if value is None or value != value or not rounded(value, digits).strip("-0.,"):  # noqa: PLR0124 - NaN
        return "neutral"
    return "up" if value > 0 else "down"


def change(value: float | None, digits: int = 1, *, reason: str = "not enough prices in this window") -> html.Span:
    """A change in percent with sign, arrow and colour; unknown is a dash with the reason on hover."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return unknown(reason)
    towards = direction(value, digits)
    arrow = {"up": "▲ ", "down": "▼ ", "neutral": ""}[towards]
    return html.Span(f"{arrow}{percent(value, digits, signed=True)}", className=f"figure {towards}")


def unknown(reason: str) -> html.Span:
    """The dash that stands for a value nobody knows, with why on hover and for screen readers."""
    attributes: dict[str, Any] = {"aria-label": f"unknown: {reason}", "role": "img"}
    return html.Span(UNKNOWN, title=reason, className="figure unknown", tabIndex=0, **attributes)


def exact(short: str, full: str) -> html.Span:
    """A shortened figure with the exact one on hover."""
    return html.Span(short, title=full, className="figure") if short != full else html.Span(full, className="figure")


def age_text(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago a moment was: "just now", "3 min ago"; "in 2 h" for one to come."""
    if moment is None:
        return UNKNOWN
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if abs(seconds) < 1:
        return "just now"
    return f"{format_age(seconds)} ago".replace(" ", NO_BREAK, 1) if seconds > 0 else f"in {format_age(-seconds)}"


def time_text(moment: datetime | None) -> str:
    """A moment in UTC to the second, for tooltips."""
    return UNKNOWN if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def date_text(moment: datetime | None) -> str:
    """A moment's day in UTC: `13 Dec 2024`."""
    return UNKNOWN if moment is None else f"{moment.astimezone(UTC):%-d %b %Y}"


def _signed(text: str) -> str:
    """A typographic minus; none before a zero."""
    if not text.startswith("-"):
        return text
    return MINUS + text[1:] if text.strip("-0.,") else text[1:]


def _shorten(value: float) -> tuple[str, str]:
    for suffix, size in reversed(_SHORT):
        # 999,950 reads as 1.00M, not as 1000k.
        if float(f"{value / size:.3g}") < 1000 or suffix == "T":  # noqa: PLR2004
            return _three_figures(value / size), suffix
    raise AssertionError


def _three_figures(value: float) -> str:
    for digits in (2, 1, 0):
        text = rounded(value, digits)
        if len(text.replace(".", "")) <= 3:  # noqa: PLR2004
            return text
    return rounded(value, 0)
