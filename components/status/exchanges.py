"""Status of exchanges: connections of each stream, and the newest repairs of candles."""

from typing import Any

from dash import html

from components.status.data import Problem, StatusData
from components.status.table import moment_text, table
from components.ui.figures import unknown
from components.ui.format import format_age, number
from components.ui.page import card
from db.core.pool import Row

CONNECTION = (
    "Exchange",
    "Connection",
    "State",
    "Pairs",
    "Streams",
    "Messages a second",
    "Last message",
    "Open for",
    "Reconnects",
)
REPAIR = ("Pair", "Source", "From", "Minutes", "Cause", "Candles", "Repaired")
SHOWN_BEHIND = 5


def exchange_cards(data: StatusData) -> list[html.Section]:
    """A card of connections and one of repairs, each where there are any."""
    cards = []
    rows = [_connection(state, one) for state in data.feeds for one in state["connections"]]
    if rows:
        cards.append(card(table("Exchanges", CONNECTION, rows), title="Exchanges", info=_summary(data.feeds)))
    if data.repairs:
        found = [_repair(row, data) for row in data.repairs]
        cards.append(card(table("Repairs", REPAIR, found), title="Repaired candles", info="minutes that were missing"))
    return cards


def _connection(state: dict[str, Any], one: dict[str, Any]) -> list[Any]:
    health = {"open": "ok", "connecting": "late", "closing": "late"}.get(one["state"], "failing")
    return [
        html.Span(state["exchange"], className="status-name"),
        str(one["id"]),
        html.Span([html.Span(className=f"dot dot-{health}"), one["state"]], className="status-name"),
        number(one["symbols"]),
        number(one["streams"]),
        html.Span(number(one["messages_per_second"], 1), title=f"{number(one['messages'])} since the start"),
        unknown("no message yet") if one["age"] is None else format_age(one["age"]),
        unknown("not open now") if one["uptime"] is None else format_age(one["uptime"]),
        number(one["reconnects"]),
    ]


def _summary(states: list[dict[str, Any]]) -> str:
    """How many pairs are streamed, and how many of them because somebody watches them."""
    pairs, asked = (sum(state.get(name) or 0 for state in states) for name in ("symbols", "on_demand"))
    return f"streams of {pairs} pairs, {asked} of them because somebody watches them" if asked else "streams of pairs"


def feed_problems(data: StatusData) -> list[Problem]:
    """Feeds that do not run, pairs whose candles are behind, and pairs that found no room."""
    found = []
    for state in data.feeds:
        name = state["exchange"]
        if state.get("error"):
            works = "It is tried again by itself; stored candles can be read."
            found.append(Problem(f"The feed of {name} does not run", f"{state['error']}.", works))
        elif behind := state.get("behind"):
            count = state["behind_count"]
            names = ", ".join(one["symbol"] for one in behind[:SHOWN_BEHIND])
            others = f" and {count - SHOWN_BEHIND} others" if count > SHOWN_BEHIND else ""
            detail = f"{names}{others}: the last candle is more than {format_age(behind[0]['seconds'])} late."
            found.append(
                Problem(f"Pairs of {name} are behind", detail, "They are asked for again and again; other pairs go on.")
            )
        if left_out := state.get("left_out"):
            detail = f"{left_out} that somebody watches, beside {state['on_demand']} others."
            works = "Room comes when others are left; TRACERA_ON_DEMAND_PAIRS sets how much there is."
            found.append(Problem(f"No room for all pairs of {name}", detail, works))
    return found


def _repair(row: Row, data: StatusData) -> list[Any]:
    minutes = (row["until"] - row["since"]).total_seconds() / 60
    return [
        html.Span(row["symbol"], className="status-name"),
        row["source"],
        moment_text(row["since"], data.now),
        number(minutes),
        row["cause"],
        number(row["candles"]),
        moment_text(row["repaired_at"], data.now),
    ]
