"""Alerts job: evaluates all rules at once after each run of the measures, keeps what fires with what explains it, and sends it out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from app.alerts import outbox
from app.alerts.rule import with_scale
from app.alerts.states import Event, Rules, State, States, Step, changed, step
from app.alerts.unusual import DAYS, percentile
from app.times import rfc3339_second
from db.alerts import evaluation
from db.alerts.evaluation import Told
from db.core.arrays import Array, Floats
from db.core.pool import Database
from db.portfolio import prices

KEPT: Final = timedelta(days=180)
"""How long the history of events is kept."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What one run did."""

    rules: int
    events: int


def run(database: Database, now: datetime) -> Evaluated:
    """Evaluate every rule as of a moment (aware); states, events and deliveries are stored together or, with an error, not at all."""
    with database.connection() as connection, connection.transaction():
        if not evaluation.claim(connection):
            return Evaluated(0, 0)
        rows = evaluation.rules(connection, now, State.DONE)
        before = _states(rows)
        done = step(_rules(rows), before, rows["value"], now.timestamp())
        moved = changed(before, done.states)
        if not len(moved):
            return Evaluated(len(rows), 0)
        after = done.states
        moments = (after.since[moved], after.opened[moved], after.told[moved])
        told = _told(database, rows, done, now)
        kept = evaluation.store(connection, now, rows[moved], after.state[moved], moments, told)
        outbox.put_in(connection, kept, now)
    return Evaluated(len(rows), len(kept))


def _rules(rows: Array) -> Rules:
    return Rules(
        sign=rows["sign"].astype(np.int64),
        threshold=rows["threshold"],
        clear=rows["clear"],
        hold=rows["hold"].astype(np.float64),
        cooldown=rows["cooldown"].astype(np.float64),
        once=rows["once"].astype(np.bool_),
        no_data=rows["no_data"].astype(np.int64),
    )


def _states(rows: Array) -> States:
    return States(rows["state"].astype(np.int64), rows["since"], rows["opened"], rows["told"])


def _told(database: Database, rows: Array, done: Step, now: datetime) -> list[Told]:
    """What there is to tell, with its explanation; all of it is asked for at once, however many rules fire."""
    telling = np.flatnonzero(done.event)
    if not len(telling):
        return []
    described = evaluation.described(database, rows["id"][telling].tolist())
    closes = _closes(database, {int(item) for item in rows["item_id"][telling] if item}, now)
    found = []
    for row in telling.tolist():
        rule, value = int(rows["id"][row]), float(rows["value"][row])
        if rule not in described:
            continue  # deleted since it was read
        facts = _facts(with_scale(described[rule]), closes) | {"value": None if math.isnan(value) else value}
        found.append(Told(rule, Event(int(done.event[row])).name.lower(), float(done.began[row]), facts))
    return found


def _closes(database: Database, items: set[int], now: datetime) -> dict[int, Floats]:
    """Daily closes of items until yesterday, by item."""
    if not items:
        return {}
    first = datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=DAYS + 1)
    ids, closes, _ = prices.daily(database, sorted(items), first, DAYS + 1)
    return dict(zip(ids.tolist(), closes, strict=True))


def _facts(described: Mapping[str, Any], closes: Mapping[int, Floats]) -> dict[str, Any]:
    """An event's explanation as it is kept: nothing of it is looked up again later, when it would be another."""
    item = described["item_id"]
    share, moves = percentile(described["change"], closes[item]) if item in closes else (None, 0)
    at = described["priced_at"]
    return {
        **described,
        "priced_at": at and rfc3339_second(at),
        "percentile": share,
        "moves": moves,
    }
