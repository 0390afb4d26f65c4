"""What alerts say: the condition, what happened, how unusual it is, and what it means for what one holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.alerts.history import event_list
from components.alerts.words import condition, explained, happened
from components.ui.markup import to_html

NOW = datetime(2024, 5, 8, 10, 0, tzinfo=UTC)
FACTS: dict[str, Any] = {
    "condition": "price", "direction": "above", "window": None, "threshold": 1_200.0, "clear": 1_176.0, "value": 1_234.0,
    "item_id": 7, "portfolio_id": None, "name": "AK", "currency": "USD", "price_scale": 100, "source": "steam", "price": 1_234,
    "priced_at": "2024-05-08T10:00:00Z", "change": 5.0, "quantity": 3, "percentile": 97.2, "moves": 180,
}  # fmt: skip


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-").replace("\u03c3", "s")


@pytest.mark.parametrize(
    ("given", "waits", "told"),
    [
        ({}, "price ≥ $12.00", "is at $12.34, above $12.00"),
        ({"direction": "below", "threshold": 1_300.0}, "price ≤ $13.00", "is at $12.34, below $13.00"),
        (
            {"condition": "change", "window": "7d", "threshold": -5.0, "direction": "below", "value": -6.25},
            "change of 7 d ≤ -5.0 %",
            "moved -6.3 % in 7 d",
        ),
        (
            {"condition": "change", "window": "24h", "threshold": 5.0, "direction": "either", "value": -6.0},
            "change of 24 h by 5.0 % or more, either way",
            "moved -6.0 % in 24 h",
        ),
        (
            {"condition": "sigma", "threshold": 3.0, "direction": "either", "value": 3.14},
            "move of the day by 3.0 s or more, either way",
            "moved 3.1 s in 24 h",
        ),
        ({"condition": "stale", "threshold": 12.0, "value": 12.4}, "no price for 12 h", "has had no price for 12 h"),
        (
            {"condition": "value", "item_id": None, "portfolio_id": 2, "threshold": 90_000.0, "value": 99_000.0},
            "value ≥ $900.00",
            "is worth $990.00, more than $900.00",
        ),
    ],
)
def test_what_a_rule_waits_for_and_what_happened(given: dict[str, Any], waits: str, told: str) -> None:
    facts = FACTS | given
    assert plain(condition(facts, facts["condition"])) == waits
    assert plain(happened("fired", facts)) == told
    assert plain(happened("recovered", facts)) == f"is over: {waits}"
    assert plain(happened("no_data", facts | {"value": None})) == f"has no data for {waits}"


def test_how_unusual_and_what_it_means_for_what_one_holds() -> None:
    assert [plain(line) for line in explained(FACTS)] == [
        "$12.34 from steam, +5.0 % in 24 h.",
        "That is more than on 97 % of its days (n = 180).",
        "You hold 3, worth $37.02: +$1.76 in 24 h.",
    ]


def test_what_is_not_known_is_not_said() -> None:
    assert [plain(line) for line in explained(FACTS | {"percentile": None, "moves": 12, "quantity": None})] == [
        "$12.34 from steam, +5.0 % in 24 h.",
        "How unusual that is cannot be told from 12 days.",
    ]
    assert [plain(line) for line in explained(FACTS | {"percentile": None, "change": None})] == [
        "$12.34 from steam.",
        "You hold 3, worth $37.02.",
    ]
    assert explained(FACTS | {"price": None, "change": None, "percentile": None}) == []


def test_an_event_says_since_when_and_how_long() -> None:
    event = {
        "id": 5,
        "kind": "fired",
        "time": NOW,
        "since": NOW - timedelta(minutes=42),
        "muted": False,
        "read": False,
        "facts": FACTS,
    }
    shown = plain(to_html(event_list([event], NOW + timedelta(minutes=3))))
    assert 'data-newest="5"' in shown
    assert "data-unread" in shown
    assert "3 min ago" in shown
    assert "holds since 09:18 UTC" in shown
    ended = plain(to_html(event_list([event | {"kind": "recovered"}], NOW)))
    assert "after 42 min" in ended
    assert "data-unread" not in ended
    assert "data-unread" not in to_html(event_list([event | {"muted": True}], NOW))
