"""Numbers as text, by the examples that the browser's tests read, too: tests/js/format_test.js."""

import json
from pathlib import Path

import pytest

from app.analytics.portfolio.fees import net_proceeds
from components.ui.figures import change
from components.ui.format import direction, format_age, format_change, format_money, percent

EXAMPLES = json.loads((Path(__file__).parents[2] / "format_examples.json").read_text("utf-8"))


def _plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(("price", "base", "text", "towards"), EXAMPLES["change"])
def test_changes(price: int, base: int, text: str, towards: int) -> None:
    found, way = format_change(price, base)
    assert (_plain(found), way) == (text, towards)


@pytest.mark.parametrize(("value", "digits", "text"), EXAMPLES["percent"])
def test_percents(value: float, digits: int, text: str) -> None:
    assert _plain(change(value, digits).children) == text
    assert _plain(percent(value, digits, signed=True)) == text.removeprefix("▲ ").removeprefix("▼ ")
    assert direction(value, digits) == {"▲": "up", "▼": "down"}.get(text[0], "neutral")


@pytest.mark.parametrize(("minor", "scale", "currency", "text"), EXAMPLES["money"])
def test_money(minor: int, scale: int, currency: str, text: str) -> None:
    assert _plain(format_money(minor, scale, currency)) == text


@pytest.mark.parametrize(("seconds", "text"), EXAMPLES["age"])
def test_ages(seconds: float, text: str) -> None:
    assert format_age(seconds) == text


@pytest.mark.parametrize(("source", "price", "left"), EXAMPLES["net_proceeds"])
def test_net_proceeds(source: str, price: int, left: int | None) -> None:
    assert net_proceeds(source, price, {"skinport": 800}) == left
