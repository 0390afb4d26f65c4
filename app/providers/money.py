"""Money parsing: amounts as markets write them, to integers in minor units; a ValueError names an unreadable text."""

import html
import re
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from app.providers.currencies import BY_CODE, STEAM_CURRENCIES, Currency

# Far above any price in any minor unit, far below a 64-bit integer: what exceeds it is a broken reply.
MAX_MINOR = 10**15
_MAX_TEXT_LENGTH = 64

# From the first digit to the last; a decimal sign with dashes (`12,--€`) means no minor units.
_NUMBER = re.compile(r"[0-9](?:[0-9.,'\u2019 ]*[0-9])?(?P<dashes>[.,]-{1,2})?")
# NBSP, figure, thin and narrow NBSP and the ideographic space: all are used as plain spaces.
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000", " "))
_THREES = re.compile(r"[0-9]{1,3}(?P<sep>[.,'\u2019 ])[0-9]{3}(?:(?P=sep)[0-9]{3})*")
_LAKHS = re.compile(r"[0-9]{1,2}(?:,[0-9]{2})*,[0-9]{3}")


def from_minor(value: Any) -> int:
    """An amount that is already in minor units: an integer, or the digits of one as text.

    Raises:
        ValueError: it is neither, is negative, or is beyond any price.
    """
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,16}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{_shown(value)} is not a whole number of minor units")  # noqa: TRY004 - callers catch one kind
    return _bounded(value, value)


def from_major(value: Any, digits: int = 2) -> int:
    """An amount in major units, a number or decimal text, rounded half to even on its decimal digits.

    Floats go through their shortest decimal text, so that 1.005 is a thousand and five thousandths and not a hair less.

    Raises:
        ValueError: it is not a finite number from zero up, or is beyond any price.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError(f"{_shown(value)} is not an amount")  # noqa: TRY004 - callers catch one kind
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,20}(?:\.[0-9]{1,20})?", value.strip()):
        raise ValueError(f"{_shown(value)} is not a decimal amount")
    text = repr(value) if isinstance(value, float) else str(value).strip()
    try:
        amount = Decimal(text)
        if not amount.is_finite() or abs(amount) > MAX_MINOR:
            raise ValueError(f"{_shown(value)} is not an amount")
        minor = int(amount.scaleb(digits).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    except InvalidOperation as error:
        raise ValueError(f"{_shown(value)} is not an amount") from error
    if amount < 0:
        raise ValueError(f"{_shown(value)} is below zero")
    return _bounded(minor, value)


def from_text(text: Any, currency: str | int = "USD") -> int:
    """A localised amount such as `$1,234.56` or `12,--€`, read by the currency that was asked for.

    `currency` is an ISO code or a Steam currency id. HTML entities and every kind of space are understood. The decimal
    sign and the symbol must be those of that currency: a reply in another one must not pass for this one.

    Raises:
        ValueError: the text is no amount in that currency.
    """
    spec = _currency(currency)
    if not isinstance(text, str) or len(text) > _MAX_TEXT_LENGTH:
        raise ValueError(f"{_shown(text)} is not an amount in {spec.code}")
    plain = html.unescape(text).translate(_SPACES).strip()
    found = _NUMBER.search(plain)
    if found is None or not _is_affix(plain[: found.start()], spec) or not _is_affix(plain[found.end() :], spec):
        raise ValueError(f"{_shown(text)} is not an amount in {spec.code}")
    number = found.group()
    if found["dashes"]:
        if found["dashes"][0] != spec.decimal:
            raise ValueError(f"{_shown(text)} is not an amount in {spec.code}")
        number = number[: -len(found["dashes"])]
    return _bounded(_digits_to_minor(number, spec, text), text)


def _currency(currency: str | int) -> Currency:
    spec = BY_CODE.get(currency) if isinstance(currency, str) else STEAM_CURRENCIES.get(currency)
    if spec is None:
        raise ValueError(f"unknown currency {currency!r}")
    return spec


def _is_affix(part: str, spec: Currency) -> bool:
    """Whether what stands before or behind the number is nothing, the currency's symbol, its code, or both."""
    words = part.split()
    known = {symbol.casefold() for symbol in (*spec.symbols, spec.code)}
    return all(word.casefold() in known for word in words)


def _digits_to_minor(number: str, spec: Currency, text: str) -> int:
    whole, sign, fraction = number.partition(spec.decimal)
    lakhs = spec.code == "INR" and _LAKHS.fullmatch(whole)
    if not (whole.isdigit() or lakhs or _THREES.fullmatch(whole)) or (sign and not fraction.isdigit()):
        raise ValueError(f"{_shown(text)} is not an amount in {spec.code}")
    if len(fraction.rstrip("0")) > spec.digits or len(fraction) > max(spec.digits, 2):
        # Three decimals of a two-decimal currency are most likely another locale's thousands: refuse, do not guess.
        raise ValueError(f"{_shown(text)} has more decimals than {spec.code}")
    return int(re.sub(r"[^0-9]", "", whole) + fraction[: spec.digits].ljust(spec.digits, "0"))


def _bounded(minor: int, value: Any) -> int:
    if not 0 <= minor <= MAX_MINOR:
        raise ValueError(f"{_shown(value)} is not between 0 and {MAX_MINOR} minor units")
    return minor


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= _MAX_TEXT_LENGTH else shown[: _MAX_TEXT_LENGTH - 1] + "…"
