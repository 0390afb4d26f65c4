from datetime import UTC, datetime, timedelta

import pytest

from components.ui import figures
from components.ui import format as text
from components.ui.format import DASH

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NO_BREAK = "\u00a0"


@pytest.mark.parametrize(
    ("price", "scale", "currency", "expected"),
    [
        (1250, 100, "USD", "$12.50"),
        (123_456, 100, "USD", "$1,234.56"),
        (None, 100, "USD", DASH),
        (0, 100, "USD", "$0.00"),
        (-5, 100, "USD", "-$0.05"),
        (1250, 100, "EUR", "€12.50"),
        (1250, 1, "JPY", "¥1,250"),
        (6_712_345_000_000, 10**8, "USD", "$67,123.45"),
        (1234, 10**8, "USD", "$0.00001234"),
        (123_456, 10**10, "USD", "$0.00001235"),
        (1250, 100, "USDT", f"12.50{NO_BREAK}USDT"),
    ],
)
def test_money(price: int | None, scale: int, currency: str, expected: str) -> None:
    assert text.money(price, scale, currency) == expected


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (999_999, "$9,999.99"),
        (1_240_000, "$12.4k"),
        (99_994_900, "$1.00M"),
        (99_940_000, "$999k"),
        (123_456_789_00, "$123M"),
        (-1_240_000, "-$12.4k"),
        (None, DASH),
    ],
)
def test_short_money(price: int | None, expected: str) -> None:
    assert text.short_money(price) == expected


def test_short_money_keeps_a_sign_behind_the_number_there() -> None:
    assert text.short_money(1_240_000, 100, "USDT") == f"12.4k{NO_BREAK}USDT"


@pytest.mark.parametrize(
    ("value", "digits", "signed", "expected"),
    [
        (2.345, 1, False, "2.3"),
        (2.345, 1, True, "+2.3"),
        (-2.345, 2, True, "\u22122.35"),
        (-0.04, 1, True, "0.0"),
        (0.04, 1, True, "0.0"),
        (12_345.6, 1, False, "12,345.6"),
    ],
)
def test_percent(value: float, digits: int, signed: bool, expected: str) -> None:  # noqa: FBT001
    assert text.percent(value, digits, signed=signed) == f"{expected}{NO_BREAK}%"


@pytest.mark.parametrize("value", [None, float("nan")])
def test_unknown_is_a_dash_with_its_reason(value: float | None) -> None:
    assert text.percent(value) == text.number(value) == DASH
    shown = figures.change(value, reason="no price yesterday").to_plotly_json()["props"]  # type: ignore[no-untyped-call]
    assert (shown["children"], shown["title"]) == (DASH, "no price yesterday")


@pytest.mark.parametrize(
    ("value", "expected", "towards"),
    [(2.34, "▲ +2.3", "up"), (-2.34, "▼ \u22122.3", "down"), (0.01, "0.0", "neutral"), (-0.01, "0.0", "neutral")],
)
def test_change_has_sign_arrow_and_colour(value: float, expected: str, towards: str) -> None:
    shown = figures.change(value).to_plotly_json()["props"]  # type: ignore[no-untyped-call]
    assert shown["children"] == f"{expected}{NO_BREAK}%"
    assert towards in shown["className"].split()


def test_numbers() -> None:
    assert text.number(1_234_567) == "1,234,567"
    assert text.number(-1.25, 2) == "\u22121.25"
    assert text.short_number(12_400) == "12.4k"
    assert text.short_number(9_999) == "9,999"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "just now"),
        (40, "40 s ago"),
        (190, "3 min ago"),
        (7_300, "2 h ago"),
        (400_000, "4 d ago"),
        (-7_300, "in 2 h"),
    ],
)
def test_age(seconds: int, expected: str) -> None:
    assert text.age_text(NOW - timedelta(seconds=seconds), NOW).replace(NO_BREAK, " ") == expected
    assert text.age_text(None, NOW) == DASH
