"""Alert words: what pages say of an event, for what is sent out of the app by tasks, which make no pages."""

from collections.abc import Mapping
from typing import Any

from components.alerts.words import explained, happened


def sentence(kind: str, facts: Mapping[str, Any]) -> str:
    """What an event says of its rule, without the name of what it is on."""
    return happened(kind, facts)


def reasons(kind: str, facts: Mapping[str, Any]) -> list[str]:
    """Where the price stands, how unusual the move is, and what the owner holds, of an alert that fired."""
    return explained(facts) if kind == "fired" else []
