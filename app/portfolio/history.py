"""History: what a portfolio was worth, replayed from its transactions, or kept in snapshots where that cannot be replayed."""

from collections.abc import Mapping, Sequence
from itertools import dropwhile
from typing import Any, Protocol

from app.portfolio.past import SNAPSHOTS
from db.core.pool import Database, Row
from db.portfolio import snapshots


class Replay(Protocol):
    """A portfolio's past from its transactions, see `app.portfolio.past.read_past`."""

    def __call__(self, *, hours: bool) -> list[Row]:
        """Its rows, oldest first."""


def history(
    database: Database, portfolio: Row, held: Sequence[Mapping[str, Any]], replay: Replay | None, *, hours: bool = False
) -> list[Row]:
    """A portfolio's history, oldest first; each row's `basis` tells what it is from.

    Where all that is `held` was recorded it is replayed, from the first transaction to now. Where units of the inventory were
    not, nobody knows when they came: it is replayed to the first snapshot, and goes on with the snapshots. Without a `replay`
    it is the snapshots alone.
    """
    rows = [] if replay is None else replay(hours=hours)
    if rows and all(row["recorded_quantity"] >= row["steam_quantity"] for row in held):
        return rows
    kept = valuations(database, portfolio)
    return _joined(rows, kept) if kept else []


def valuations(database: Database, portfolio: Row) -> list[Row]:
    """Snapshots in the portfolio's currency, oldest first: amounts of one chosen before cannot be added to today's.

    Those at invented prices belong to no history of real ones, nor the other way round.
    """
    every = snapshots.series(database, portfolio["user_id"], portfolio["id"])
    now = every[-1]["simulated"] if every else False
    return [
        {**row, "at_cost": 0, "unknown": 0, "stale": 0, "basis": SNAPSHOTS}
        for row in every
        if row["currency"] == portfolio["currency"] and row["simulated"] == now
    ]


def _joined(replayed: list[Row], kept: list[Row]) -> list[Row]:
    """Snapshots behind what was replayed before them: what the first one holds beyond that came in, and earned nothing."""
    first = kept[0]
    before = [row for row in replayed if row["time"] < first["time"]]
    if not before:
        return kept
    last = before[-1]
    came = first["value"] - last["value"]
    deposits = last["deposits"] + max(came, 0) - first["deposits"]
    withdrawals = last["withdrawals"] + max(-came, 0) - first["withdrawals"]
    factor = last["growth"] / first["growth"] if first["growth"] > 0 else 0.0
    later = [
        {
            **row,
            "growth": row["growth"] * factor,
            "deposits": row["deposits"] + deposits,
            "withdrawals": row["withdrawals"] + withdrawals,
        }
        for row in kept
    ]
    return [*before, *dropwhile(lambda row: row["time"] <= last["time"], later)]
