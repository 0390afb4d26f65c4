from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.providers.binance.units import OffGridError, amount, milliseconds, open_time, price, scale_of

NOW = 1_795_828_440_000
DAY = 86_400_000


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@given(st.integers(0, 10**15), st.integers(0, 8))
def test_every_decimal_text_becomes_its_integer_exactly(units: int, digits: int) -> None:
    scale = 10**digits
    whole, fraction = divmod(units, scale)
    text = f"{whole}.{fraction:0{digits}d}".rstrip(".") if digits else str(whole)
    assert amount(text, scale) == units


@pytest.mark.parametrize(
    ("text", "units"), [("0.125", 12), ("0.135", 14), ("0.12500001", 13), ("1.999", 200), ("0.001", 0)]
)
def test_digits_finer_than_the_scale_are_rounded_half_to_even(text: str, units: int) -> None:
    assert amount(text, 100) == units


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1e5", "NaN", "Infinity", " 1", "1_000", "٣", "1.", ".5", 1.5, 1, None, True, "1" * 20, []]
)
def test_what_is_no_plain_decimal_text_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is no decimal text"):
        amount(text, 100)


def test_an_amount_beyond_64_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        amount("9223372036854775808", 1)
    assert amount("9223372036854775807", 1) == 2**63 - 1


@pytest.mark.parametrize("text", ["0", "0.00000000", "0.00000001"])
def test_a_price_of_nothing_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no price"):
        price(text, 100)


@pytest.mark.parametrize(
    ("step", "digits", "scale"),
    [
        ("0.01000000", 8, 100),
        ("0.00001000", 8, 100_000),
        ("1.00000000", 8, 1),
        ("10", 8, 1),
        ("0.00050000", 8, 10_000),
        ("0.00000000", 8, 10**8),
    ],
)
def test_a_scale_is_the_power_of_ten_that_holds_the_step(step: str, digits: int, scale: int) -> None:
    assert scale_of(step, digits) == scale


@pytest.mark.parametrize(("step", "digits"), [(None, 8), ("x", 8), ("0.0", None), ("0.0", 40), ("0.0", True)])
def test_a_step_that_says_nothing_is_refused(step: object, digits: object) -> None:
    with pytest.raises(ValueError, match="step"):
        scale_of(step, digits)


def test_rule_09_milliseconds_and_microseconds_are_told_by_their_magnitude() -> None:
    """Rule 9: the unit of a time is told by its magnitude."""
    assert milliseconds(1_735_689_600_000, NOW) == milliseconds(1_735_689_600_000_123, NOW) == 1_735_689_600_000


@pytest.mark.parametrize(
    "value",
    [
        0,
        1_735_689_600,
        1_483_228_799_999,
        NOW + DAY + 1,
        1_735_689_600_000_000_000,
        -1,
        1.5,
        True,
        None,
        "1735689600000",
    ],
)
def test_rule_09_times_outside_of_2017_to_tomorrow_are_refused(value: object) -> None:
    """Rule 9: no candle of 1970 or 57111."""
    with pytest.raises(ValueError, match="is no time"):
        milliseconds(value, NOW)


@pytest.mark.parametrize(
    ("interval", "opened"),
    [
        ("1m", "2025-01-01 00:07"),
        ("5m", "2025-01-01 00:05"),
        ("1h", "2025-01-01 07:00"),
        ("1d", "2025-01-02"),
        ("1w", "2025-01-06"),
        ("1M", "2025-02-01"),
    ],
)
def test_open_times_lie_on_their_intervals_grid(interval: str, opened: str) -> None:
    moment = seconds(opened)
    assert open_time(moment * 1000, interval, NOW) == open_time(moment * 1_000_000, interval, NOW) == moment
    for off in (moment * 1000 + 1, moment * 1_000_000 + 1, (moment + 1) * 1000):
        with pytest.raises(OffGridError):
            open_time(off, interval, NOW)


@pytest.mark.parametrize(
    ("interval", "opened"), [("1w", "2025-01-02"), ("1M", "2025-02-02"), ("1d", "2025-01-01 04:00")]
)
def test_weeks_begin_on_monday_and_months_on_their_first_day(interval: str, opened: str) -> None:
    with pytest.raises(OffGridError):
        open_time(seconds(opened) * 1000, interval, NOW)


def test_intervals_are_case_sensitive() -> None:
    with pytest.raises(ValueError, match="is no interval"):
        open_time(seconds("2025-01-01") * 1000, "1D", NOW)
