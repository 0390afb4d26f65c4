from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.providers.currencies import BY_CODE, STEAM_CURRENCIES, Currency
from app.providers.money import MAX_MINOR, from_major, from_minor, from_text

CENTS = st.integers(0, 10**12)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("$1,234.56", "USD", 123456),
        ("&#36;114.08", "USD", 11408),
        ("$0.03 USD", "USD", 3),
        ("$5", "USD", 500),
        ("£2.69", "GBP", 269),
        ("1.234,56€", "EUR", 123456),
        ("12,--€", "EUR", 1200),
        ("0,03€", 3, 3),
        ("22,12 kr", "NOK", 2212),
        ("163,46₴", "UAH", 16346),
        ("R$ 0,10", "BRL", 10),
        ("¥ 1,234", "JPY", 1234),
        ("¥ 1,234.50", "CNY", 123450),
        ("1 234,5 p\u0443\u0431.", "RUB", 123450),
        ("1\u00a0234,56\u00a0z\u0142", "PLN", 123456),
        ("1\u202f234,56 €", "EUR", 123456),
        ("₩ 1,234", "KRW", 1234),
        ("1.234.000₫", "VND", 1234000),
        ("CHF 1'234.50", "CHF", 123450),
        ("CHF 1\u2019234.50", "CHF", 123450),
        ("S/.12.30", "PEN", 1230),
        ("₹ 1,23,456.50", "INR", 12345650),
        ("3.125 KD", "KWD", 3125),
    ],
)
def test_localised_amounts(text: str, currency: str | int, minor: int) -> None:
    assert from_text(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("", "USD"),
        ("free", "USD"),
        ("--", "EUR"),
        ("-$5.00", "USD"),
        ("$1.234", "USD"),  # another locale's thousand, or a mistake: not ours to guess
        ("12,50", "USD"),
        ("1,250€", "USD"),
        ("12,--€", "USD"),
        ("$12,34,567.00", "USD"),
        ("$1 234,567.00", "USD"),
        ("¥ 12.5", "JPY"),
        ("$1.2.3", "USD"),
        ("$" + "9" * 70, "USD"),
        (None, "USD"),
        (5, "USD"),
        ("$\u0663.\u0660\u0660", "USD"),
    ],
)
def test_what_is_no_amount_is_refused(text: Any, currency: str) -> None:
    with pytest.raises(ValueError, match=currency):
        from_text(text, currency)


def test_the_error_names_the_text() -> None:
    with pytest.raises(ValueError, match="1,250€"):
        from_text("1,250€", "USD")


@pytest.mark.parametrize("currency", ["XXX", 0, 48])
def test_an_unknown_currency_is_refused(currency: str | int) -> None:
    with pytest.raises(ValueError, match="unknown currency"):
        from_text("$1", currency)


@pytest.mark.parametrize(
    ("value", "minor"),
    [
        (0.41, 41),
        (1.005, 100),  # half to even, on the digits as written: a binary float is a hair below
        (1.015, 102),
        (2.675, 268),
        (0.285, 28),
        (1e-7, 0),
        (12, 1200),
        ("3.450", 345),
        ("12", 1200),
        (Decimal("0.125"), 12),
    ],
)
def test_major_units(value: Any, minor: int) -> None:
    assert from_major(value) == minor


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -0.01, 1e300, "1e5", "1,5", "-1", "", "NaN", True, None, [], {}, "9" * 40]
)
def test_what_is_no_major_amount_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_major(value)


@pytest.mark.parametrize(("value", "minor"), [(0, 0), (176, 176), ("12345", 12345)])
def test_minor_units(value: Any, minor: int) -> None:
    assert from_minor(value) == minor


@pytest.mark.parametrize("value", [1.0, True, -1, "-1", "1.5", "", None, MAX_MINOR + 1, "9" * 17, [1]])
def test_what_is_no_minor_amount_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_minor(value)


@given(CENTS)
def test_a_float_of_cents_comes_back_exactly(cents: int) -> None:
    assert from_major(cents / 100) == cents
    assert from_major(f"{cents // 100}.{cents % 100:02d}") == cents


@pytest.mark.slow
@given(CENTS, st.sampled_from(list(STEAM_CURRENCIES.values())), st.sampled_from(["", "\u00a0", "\u202f", " ", "'"]))
def test_an_amount_written_in_any_currency_comes_back(minor: int, currency: Currency, separator: str) -> None:
    unit = 10**currency.digits
    whole = f"{minor // unit:,}".replace(",", separator)
    fraction = f"{currency.decimal}{minor % unit:0{currency.digits}d}" if currency.digits else ""
    for symbol in (*currency.symbols, currency.code, ""):
        assert from_text(f"{symbol} {whole}{fraction}", currency.code) == minor
        assert from_text(f"{whole}{fraction}{symbol}", currency.code) == minor


@given(st.one_of(st.text(max_size=80), st.floats(), st.integers(), st.none(), st.lists(st.integers(), max_size=3)))
def test_anything_gives_an_amount_or_a_value_error(value: Any) -> None:
    for read in (from_major, from_minor, from_text):
        try:
            minor = read(value)
        except ValueError:
            continue
        assert type(minor) is int
        assert 0 <= minor <= MAX_MINOR


def test_the_table_of_currencies_is_complete() -> None:
    assert list(STEAM_CURRENCIES) == list(range(1, 48))
    assert len(BY_CODE) == 47
    assert {code for code, currency in BY_CODE.items() if currency.digits == 0} == {"JPY", "KRW", "VND", "CLP"}
    assert all(currency.decimal in ".," for currency in BY_CODE.values())
