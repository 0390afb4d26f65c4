"""Snapshots: the history of portfolio values, and the state that the next valuation continues from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from db.core import binary
from db.core.arrays import Array
from db.core.pool import Database, Row

POSITION = [("portfolio_id", ">i4"), ("item_id", ">i4"), ("quantity", ">i8"), ("priced", "i1"),
            ("source", ">i4")]  # fmt: skip
SNAPSHOT = {"portfolio_id": ">i4", "time": ">i8", "value": ">i8", "growth": ">f8", "deposits": ">i8", "withdrawals": ">i8",
            "priced": ">i4", "unpriced": ">i4", "simulated": "i1"}  # fmt: skip


def positions(connection: psycopg.Connection, sources: Sequence[str]) -> Array:
    """What every portfolio held at its last valuation: fields portfolio_id, item_id, quantity, priced, source.

    `source` is where in `sources` the one stands that it was valued at, from 1 on; 0 for none, -1 for one that is gone.
    """
    return binary.read(connection, POSITIONS, {"sources": list(sources)}, POSITION)


def held_now(connection: psycopg.Connection, ids: Sequence[int], now: datetime) -> Array:
    """What some portfolios hold now, of what is known and may be sold; `priced` and `source` are 0 throughout."""
    return binary.read(connection, HELD_NOW, {"ids": list(ids), "now": now}, POSITION)


def accounts(connection: psycopg.Connection, now: datetime) -> list[tuple[Any, ...]]:
    """Every portfolio with its state, None where it was never valued.

    `(id, currency, price_source, changed, value, growth, deposits, withdrawals, state currency, state source)`; `changed`
    tells that what it holds may differ from its positions: it was touched, or the time of a transaction came.
    """
    return connection.execute(ACCOUNTS, {"now": now}).fetchall()


def replace_positions(connection: psycopg.Connection, ids: Sequence[int], fresh: Array, sources: Sequence[str]) -> None:
    """Positions of some portfolios, in the place of the old ones."""
    connection.execute("DELETE FROM portfolio_positions WHERE portfolio_id = ANY(%s)", [list(ids)])
    if len(fresh):
        connection.execute(HELD)
        binary.copy(connection, "held", {name: (kind, fresh[name]) for name, kind in POSITION})
        connection.execute(INSERT_POSITIONS, {"sources": list(sources)})


def mark_priced(connection: psycopg.Connection, rows: Array, sources: Sequence[str]) -> None:
    """Note what else positions are priced at now, or that they have no price any more: `priced` and `source` of `rows`."""
    if len(rows):
        connection.execute(
            "UPDATE portfolio_positions p SET priced = n.priced, source = (%s::text[])[n.source]"
            " FROM unnest(%s::integer[], %s::integer[], %s::boolean[], %s::integer[]) n (portfolio_id, item_id, priced, source)"
            " WHERE p.portfolio_id = n.portfolio_id AND p.item_id = n.item_id",
            [list(sources), rows["portfolio_id"].tolist(), rows["item_id"].tolist(),
             (rows["priced"] != 0).tolist(), rows["source"].tolist()],
        )  # fmt: skip


def write(connection: psycopg.Connection, time: datetime, columns: dict[str, Array], currencies: list[str], sources: list[str],
          volatility: Array) -> None:  # fmt: skip
    """Keep a valuation of m portfolios: arrays (m,) named as the table's columns, volatility NaN where unknown."""
    moment = np.full(len(columns["portfolio_id"]), int(time.timestamp() * 1_000_000))
    connection.execute(STAGING)
    staged = {name: (kind, columns[name]) for name, kind in SNAPSHOT.items() if name != "time"}
    codes = sorted(set(currencies))
    staged["currency_code"] = (">i4", np.array([codes.index(code) + 1 for code in currencies]))
    names = sorted(set(sources))
    staged["source_code"] = (">i4", np.array([names.index(name) + 1 for name in sources]))
    staged["volatility"] = (">f8", volatility)
    staged["time"] = binary.postgres_time(moment)
    binary.copy(connection, "valued", staged)
    connection.execute(INSERT_SNAPSHOTS, {"codes": codes})
    connection.execute(UPSERT_STATE, {"codes": codes, "names": names})


def series(
    database: Database, user_id: int, portfolio_id: int, first: datetime | None = None, limit: int = 5000
) -> list[Row]:
    """Snapshots oldest first, at most the newest `limit`: the valuation before `first` too, so that the first step counts."""
    rows = database.rows(SERIES, {"user": user_id, "portfolio": portfolio_id, "first": first, "limit": limit})
    return rows[::-1]


def state(database: Database, user_id: int, portfolio_id: int) -> Row | None:
    """The last valuation's time and the daily volatility found at it."""
    return database.row(
        "SELECT s.time, s.volatility FROM portfolio_state s JOIN portfolios p ON p.id = s.portfolio_id"
        " WHERE p.id = %s AND p.user_id = %s",
        [portfolio_id, user_id],
    )


def volatilities(database: Database, other_than: int) -> list[float]:
    """The volatility of each other user's main portfolio, where it is known."""
    rows = database.rows(
        "SELECT s.volatility FROM portfolio_state s JOIN portfolios p ON p.id = s.portfolio_id"
        " WHERE p.includes_steam AND p.user_id <> %s AND s.volatility IS NOT NULL",
        [other_than],
    )
    return [row["volatility"] for row in rows]


def thin(database: Database, now: datetime) -> int:
    """Keep one snapshot an hour after two days, and one a day after sixty; returns how many are gone."""
    return database.execute(THIN, {"now": now})


POSITIONS = sql.SQL("""
SELECT portfolio_id, item_id, quantity, priced,
       CASE WHEN source IS NULL THEN 0 ELSE coalesce(array_position(%(sources)s::text[], source), -1) END
FROM portfolio_positions
""")
HELD = """
CREATE TEMPORARY TABLE held (portfolio_id integer, item_id integer, quantity bigint, priced boolean, source integer) ON COMMIT DROP
"""
INSERT_POSITIONS = """
INSERT INTO portfolio_positions (portfolio_id, item_id, quantity, priced, source)
SELECT portfolio_id, item_id, quantity, priced, (%(sources)s::text[])[source] FROM held
"""
HELD_NOW = sql.SQL("""
WITH steam AS (
    SELECT p.id AS portfolio_id, h.item_id, sum(h.quantity) AS units
    FROM portfolios p JOIN user_portfolio_holdings h ON h.user_id = p.user_id
    WHERE p.id = ANY(%(ids)s) AND p.includes_steam AND h.item_id IS NOT NULL AND h.marketable GROUP BY 1, 2
), recorded AS (
    SELECT portfolio_id, item_id, sum(CASE kind WHEN 'sell' THEN -quantity WHEN 'fee' THEN 0 ELSE quantity END) AS units
    FROM portfolio_transactions WHERE portfolio_id = ANY(%(ids)s) AND item_id IS NOT NULL AND time <= %(now)s GROUP BY 1, 2
)
SELECT portfolio_id, item_id, least(greatest(coalesce(s.units, 0), coalesce(r.units, 0)), 9223372036854775807)::bigint, false, 0
FROM steam s FULL JOIN recorded r USING (portfolio_id, item_id) WHERE greatest(coalesce(s.units, 0), coalesce(r.units, 0)) > 0
""")
# A transaction that changes a portfolio and commits later than a valuation began would look older than it: half a minute's grace.
ACCOUNTS = """
SELECT p.id, p.currency, p.price_source, s.time IS NULL OR p.changed_at > s.time - interval '30 seconds' OR EXISTS (
           SELECT 1 FROM portfolio_transactions t WHERE t.portfolio_id = p.id AND t.time > s.time AND t.time <= %(now)s),
       s.value, s.growth, s.deposits, s.withdrawals, s.currency, s.price_source
FROM portfolios p LEFT JOIN portfolio_state s ON s.portfolio_id = p.id ORDER BY p.id
"""
STAGING = """
CREATE TEMPORARY TABLE valued (portfolio_id integer, time timestamptz, value bigint, growth double precision, deposits bigint,
    withdrawals bigint, priced integer, unpriced integer, simulated boolean, currency_code integer, source_code integer, volatility double precision)
ON COMMIT DROP
"""
# A portfolio deleted meanwhile is left out.
INSERT_SNAPSHOTS = """
INSERT INTO portfolio_snapshots (portfolio_id, time, currency, value, growth, deposits, withdrawals, priced, unpriced, simulated)
SELECT portfolio_id, v.time, (%(codes)s::text[])[currency_code], value, growth, deposits, withdrawals, priced, unpriced, simulated
FROM valued v JOIN portfolios p ON p.id = v.portfolio_id ORDER BY 1 ON CONFLICT DO NOTHING
"""
UPSERT_STATE = """
INSERT INTO portfolio_state (portfolio_id, time, currency, price_source, value, growth, deposits, withdrawals, volatility)
SELECT portfolio_id, v.time, (%(codes)s::text[])[currency_code], (%(names)s::text[])[source_code], value, growth, deposits,
       withdrawals, nullif(volatility, 'NaN')
FROM valued v JOIN portfolios p ON p.id = v.portfolio_id ORDER BY 1
ON CONFLICT (portfolio_id) DO UPDATE SET time = excluded.time, currency = excluded.currency, price_source = excluded.price_source,
    value = excluded.value, growth = excluded.growth, deposits = excluded.deposits, withdrawals = excluded.withdrawals,
    volatility = excluded.volatility
"""
SERIES = """
SELECT s.time, s.currency, s.value, s.growth, s.deposits, s.withdrawals, s.priced, s.unpriced, s.simulated
FROM portfolio_snapshots s JOIN portfolios p ON p.id = s.portfolio_id
WHERE p.id = %(portfolio)s AND p.user_id = %(user)s AND (%(first)s::timestamptz IS NULL OR s.time >= coalesce(
    (SELECT max(time) FROM portfolio_snapshots b WHERE b.portfolio_id = p.id AND b.time < %(first)s), %(first)s))
ORDER BY s.time DESC LIMIT %(limit)s
"""
THIN = """
DELETE FROM portfolio_snapshots s WHERE s.time < %(now)s::timestamptz - interval '2 days' AND EXISTS (
    SELECT 1 FROM portfolio_snapshots l WHERE l.portfolio_id = s.portfolio_id AND l.time > s.time
    AND l.time < date_bin('1 hour', s.time, '2000-01-03Z') + interval '1 hour')
OR s.time < %(now)s::timestamptz - interval '60 days' AND EXISTS (
    SELECT 1 FROM portfolio_snapshots l WHERE l.portfolio_id = s.portfolio_id AND l.time > s.time
    AND l.time < date_bin('1 day', s.time, '2000-01-03Z') + interval '1 day')
"""
