"""Words of alerts: what a rule waits for, and what an event says: what, how unusual, and what it means for what one holds."""

from collections.abc import Mapping
from typing import Any

from components.ui.format import MINUS, NO_BREAK, format_age, money, number, percent

HOUR = 3_600
SIGMA = "\u03c3"
STATES = {
    "ok": "Waits",
    "pending": "Pending",
    "firing": "Firing",
    "recovering": "Recovering",
    "no_data": "No data",
    "done": "Done",
}
"""By a state's name."""


def threshold(rule: Mapping[str, Any], value: float | None, kind: str) -> str:
    """A value in the unit of a kind of rule; unknown is a dash."""
    if kind in {"price", "value"}:
        return money(None if value is None else round(value), rule["price_scale"], rule["currency"])
    if value is None:
        return money(None)
    if kind == "change":
        return percent(value, 1, signed=True)
    if kind == "sigma":
        return f"{number(value, 1)}{NO_BREAK}{SIGMA}"
    return format_age(value * HOUR).replace(" ", NO_BREAK)


def condition(rule: Mapping[str, Any], kind: str) -> str:
    """What a rule waits for: `price ≥ $12.00`."""
    limit = rule["threshold"]
    if kind == "stale":
        return f"no price for {threshold(rule, limit, kind)}"
    if rule["direction"] == "either":
        told = percent(limit) if kind == "change" else f"{number(limit, 1)}{NO_BREAK}{SIGMA}"
        return f"{_what(rule, kind)} by {told} or more, either way"
    sign = "≥" if rule["direction"] == "above" else "≤"
    return f"{_what(rule, kind)} {sign}{NO_BREAK}{threshold(rule, limit, kind)}"


def happened(kind: str, facts: Mapping[str, Any]) -> str:
    """What an event of a kind says of its rule, in one line without the name of what it is on."""
    rule = facts["condition"]
    if kind == "no_data":
        return f"has no data for {condition(facts, rule)}"
    if kind == "recovered":
        return f"is over: {condition(facts, rule)}"
    value, limit = threshold(facts, facts["value"], rule), threshold(facts, facts["threshold"], rule)
    below = facts["direction"] == "below"
    return {
        "price": f"is at {value}, {'below' if below else 'above'} {limit}",
        "value": f"is worth {value}, {'less' if below else 'more'} than {limit}",
        "stale": f"has had no price for {value}",
        "sigma": f"moved {value} in 24{NO_BREAK}h",
        "change": f"moved {value} in {_window(facts)}",
    }[rule]


def explained(facts: Mapping[str, Any]) -> list[str]:
    """Where the price stands, how unusual the move is, and what the owner holds; what is not known is left out."""
    lines = []
    if facts["item_id"] and facts["price"] is not None:
        change = facts["change"]
        moved = "" if change is None else f", {percent(change, 1, signed=True)} in 24{NO_BREAK}h"
        lines.append(f"{money(facts['price'], facts['price_scale'], facts['currency'])} from {facts['source']}{moved}.")
    if facts["percentile"] is not None:
        lines.append(
            f"That is more than on {percent(facts['percentile'], 0)} of its days (n = {number(facts['moves'])})."
        )
    elif facts["item_id"] and facts["change"] is not None:
        lines.append(f"How unusual that is cannot be told from {number(facts['moves'])} days.")
    if facts["quantity"] and facts["price"] is not None:
        lines.append(_holding(facts))
    return lines


def _holding(facts: Mapping[str, Any]) -> str:
    worth = facts["quantity"] * facts["price"]
    told = f"You hold {number(facts['quantity'])}, worth {money(worth, facts['price_scale'], facts['currency'])}"
    change = facts["change"]
    if change is None or change <= -100:  # noqa: PLR2004  # in percent
        return f"{told}."
    gained = round(worth - worth / (1 + change / 100))
    sign = "+" if gained > 0 else MINUS if gained < 0 else ""
    return f"{told}: {sign}{money(abs(gained), facts['price_scale'], facts['currency'])} in 24{NO_BREAK}h."


def _what(rule: Mapping[str, Any], kind: str) -> str:
    if kind == "change":
        return f"change of {_window(rule)}"
    return {"price": "price", "sigma": "move of the day", "value": "value"}[kind]


def _window(rule: Mapping[str, Any]) -> str:
    text: str = rule["window"] or "24h"
    return f"{text[:-1]}{NO_BREAK}{text[-1]}"
