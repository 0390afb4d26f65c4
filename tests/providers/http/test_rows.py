from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.providers.base import ProviderError
from app.providers.http import rows

NOW = datetime(2026, 11, 21, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("name", ["★ Karambit", "M4A4 | 龍王 (Dragon King) (Field-Tested)", "a" * 256, "#CSGO_x"])
def test_names(name: str) -> None:
    assert rows.name(name) == name


@pytest.mark.parametrize("name", ["", " ", "a" * 257, "a\x00b", "a\nb", "\u202egnp", None, 5, ["x"]])
def test_what_is_no_name(name: Any) -> None:
    with pytest.raises(ValueError, match="is not an item name"):
        rows.name(name)


@pytest.mark.parametrize("value", [1_700_000_000_000, -1, 0, 1_900_000_000, True, "1700000000", None, float("nan")])
def test_implausible_unix_times(value: Any) -> None:
    with pytest.raises(ValueError, match="time"):
        rows.unix_time(value, NOW)


def test_times() -> None:
    assert rows.unix_time(1_700_000_000, NOW) == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert rows.iso_time("2026-11-20T12:13:07.393Z", NOW).isoformat() == "2026-11-20T12:13:07.393000+00:00"
    assert rows.iso_time("2026-11-20T12:00:00+02:00", NOW).hour == 10
    assert rows.iso_time("2026-11-20T12:00:00", NOW).tzinfo is UTC


@given(JSON)
def test_readers_return_or_refuse_whatever_comes(value: Any) -> None:
    for read in (
        rows.name,
        rows.count,
        rows.record,
        lambda given: rows.unix_time(given, NOW),
        lambda given: rows.iso_time(given, NOW),
    ):
        said = ""
        try:
            read(value)
        except ValueError as error:
            said = str(error)
        assert len(said) < 200


def _even(number: int) -> int | None:
    if number < 0:
        raise ValueError(f"{number} is below zero")
    return number if number % 2 == 0 else None


def test_bad_rows_are_reported_and_the_others_returned() -> None:
    rejected: list[str] = []
    assert rows.read_each("list", [1, 2, -3, 4], _even, rejected) == [2, 4]
    assert rejected == ["-3 is below zero"]


def test_a_list_without_a_single_good_row_is_refused_whole() -> None:
    rejected: list[str] = []
    with pytest.raises(ProviderError, match="none of 2 rows was understood; the first: -1 is below zero"):
        rows.read_each("list", [-1, -2], _even, rejected)
    assert rejected == []


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ProviderError, match="an empty list"):
        rows.read_each("list", [], _even, [])
