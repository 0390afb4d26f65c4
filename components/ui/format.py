"""Number format: numbers and times as text, the same on every page and in assets/ui/format.js; unknown is never 0."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from app.analytics.portfolio.money import digits as currency_digits

DASH = "\u2013"
# What Intl.NumberFormat("en-US") writes in the browser; other three-letter codes stand before the number as they are.
_SIGNS = {
    "AUD": "A$",
    "BRL": "R$",
    "CAD": "CA$",
    "CNY": "CN¥",
    "EUR": "€",
    "GBP": "£",
    "HKD": "HK$",
    "ILS": "₪",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "MXN": "MX$",
    "NZD": "NZ$",
    "PHP": "₱",
    "TWD": "NT$",
    "USD": "$",
    "VND": "₫",
}
_CODE = 3
MINUS = "\u2212"
NO_BREAK = "\u00a0"
MAX_DECIMALS = 8
_SHORT = (("T", 10**12), ("B", 10**9), ("M", 10**6), ("k", 10**3))
_SHORTENED_FROM = 10_000
_NO_FRACTION = 2**52


def format_money(minor: int, price_scale: int, currency: str) -> str:
    """Minor units as money, like formatMoney in assets/ui/format.js.

    At least two decimals where the currency has them, and as many as the scale (a power of ten) holds.
    """
    digits = len(str(price_scale)) - 1
    whole, part = divmod(abs(minor), price_scale)
    decimals = str(part).zfill(digits) if digits else ""
    least = min(2, digits)
    decimals = decimals[:least] + decimals[least:].rstrip("0")
    number = f"{whole:,}.{decimals}" if decimals else f"{whole:,}"
    sign = "-" if minor < 0 else ""
    if len(currency) == _CODE and currency.isascii() and currency.isupper():
        return f"{sign}{_SIGNS.get(currency, currency + NO_BREAK)}{number}"
    return f"{sign}{number}{NO_BREAK}{currency}"


def format_age(seconds: float) -> str:
    """Seconds as the largest whole unit: "3 s", "4 min", "2 h", "5 d"."""
    whole = max(0, int(seconds))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if whole >= size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def format_change(price: int, base: int) -> tuple[str, int]:
    """The change from base (above 0) to price with sign and arrow, and its direction as -1, 0 or 1."""
    # Halves away from zero, exactly: tenths of a percent.
    tenths = (2000 * abs(price - base) + base) // (2 * base)
    direction = ((price > base) - (price < base)) * (tenths > 0)
    arrow = ("", "▲ +", "▼ \u2212")[direction]
    return f"{arrow}{tenths // 10}.{tenths % 10}{NO_BREAK}%", direction


def money(price: int | None, price_scale: int = 100, currency: str = "USD") -> str:
    """Minor units as money, `$1,234.56`; a fine scale shows the decimals it needs, at most eight."""
    if price is None:
        return DASH
    decimals = len(str(price_scale)) - 1
    if decimals > MAX_DECIMALS:
        price, price_scale = round(price / 10 ** (decimals - MAX_DECIMALS)), 10**MAX_DECIMALS
    return format_money(price, price_scale, currency)


def scale(currency: str) -> int:
    """Minor units in one unit of a currency."""
    return int(10 ** currency_digits(currency))


def amount(value: int | None, currency: str) -> str:
    """Minor units as money; unknown is a dash."""
    return money(value, scale(currency), currency)


def short_money(price: int | None, price_scale: int = 100, currency: str = "USD") -> str:
    """Minor units in three figures from 10,000 units on, `$12.4k`; smaller amounts are written out."""
    if price is None or abs(price) < _SHORTENED_FROM * price_scale:
        return money(price, price_scale, currency)
    figure, suffix = _shorten(abs(price) / price_scale)
    # The currency's sign and its place are those of a whole amount.
    return ("-" if price < 0 else "") + format_money(1, 1, currency).replace("1", f"{figure}{suffix}")


def number(value: float | None, digits: int = 0) -> str:
    """A count or figure with thousands separated and a fixed number of decimals."""
    return DASH if value is None or value != value else _signed(rounded(value, digits))  # noqa: PLR0124 - NaN


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


def ordinal(value: int) -> str:
    """`1st`, `22nd`, `13th`."""
    if value % 100 in {11, 12, 13}:
        return f"{value}th"
    return f"{value}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(value % 10, 'th') }"


def counted(count: int, one: str, several: str) -> str:
    """`1 item`, `2,000 items`."""
    return f"{count:,}{NO_BREAK}{one if count == 1 else several}"


def percent(value: float | None, digits: int = 1, *, signed: bool = False) -> str:
    """A value in percent: `2.3 %`, with `signed` `+2.3 %`; zero has no sign."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return DASH
    text = _signed(rounded(value, digits))
    plus = "+" if signed and direction(value, digits) == "up" else ""
    return f"{plus}{text}{NO_BREAK}%"


def direction(value: float | None, digits: int = 1) -> str:
    """`up`, `down` or `neutral`, as the value reads when rounded to `digits`."""
    if value is None or value != value or not rounded(value, digits).strip("-0.,"):  # noqa: PLR0124 - NaN
        return "neutral"
    return "up" if value > 0 else "down"


def age_text(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago a moment was: "just now", "3 min ago"; "in 2 h" for one to come."""
    if moment is None:
        return DASH
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if abs(seconds) < 1:
        return "just now"
    return f"{format_age(seconds)} ago".replace(" ", NO_BREAK, 1) if seconds > 0 else f"in {format_age(-seconds)}"


def time_text(moment: datetime | None) -> str:
    """A moment in UTC to the second, for tooltips."""
    return DASH if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def date_text(moment: datetime | None) -> str:
    """A moment's day in UTC: `13 Dec 2024`."""
    return DASH if moment is None else f"{moment.astimezone(UTC):%-d %b %Y}"


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


def bytes_text(count: int) -> str:
    """A size in decimal units."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004 - decimal units
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} TB"
