"""Evaluation: reads all rules with their values and states in one query, stores new states and events in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
import psycopg
from psycopg import sql

from db.alerts.values import SOURCES, VALUE
from db.core import binary
from db.core.arrays import Array, Floats, Ints
from db.core.pool import Database, Row

RULE: Final = [
    *((name, ">i4") for name in ("id", "revision", "user_id", "item_id", "sign", "hold", "cooldown", "once", "no_data", "state")),
    *((name, ">f8") for name in ("threshold", "clear", "since", "opened", "told", "value")),
]  # fmt: skip
"""Fields of a rule that is read; `item_id` is 0 of a portfolio's, moments are in seconds since 1970, NaN is null."""


@dataclass(frozen=True, slots=True)
class Told:
    """What happened to a rule, for the history."""

    rule_id: int
    kind: str
    since: float
    facts: dict[str, Any]


def claim(connection: psycopg.Connection) -> bool:
    """Whether this transaction alone evaluates; another one that does is not waited for."""
    found = connection.execute("SELECT pg_try_advisory_xact_lock(hashtext('alerts'))").fetchone()
    return bool(found and found[0])


def rules(connection: psycopg.Connection, now: datetime, done: int) -> Array:
    """Every rule that is on and not in the state `done`, with its value: a structured array of `RULE`, by id."""
    return binary.read(connection, READ, {"now": now, "done": done}, RULE)


def store(
    connection: psycopg.Connection, now: datetime, rows: Array, state: Ints, moments: Sequence[Floats], told: list[Told]
) -> list[int]:
    """Keep new states of `rows` (n,) and what is told of them; returns the ids of the events that were kept.

    `moments` are since, opened and told, (n,). A rule that was changed since it was read keeps its state, and nothing is told of it.
    """
    since, opened, alerted = (moment.tolist() for moment in moments)
    connection.execute(
        UPDATE,
        {
            "ids": rows["id"].tolist(),
            "revisions": rows["revision"].tolist(),
            "states": state.tolist(),
            "since": since,
            "opened": opened,
            "told": alerted,
        },
    )
    if not told:
        return []
    revision = dict(zip(rows["id"].tolist(), rows["revision"].tolist(), strict=True))
    kept = connection.execute(
        KEEP,
        {
            "now": now,
            "ids": [one.rule_id for one in told],
            "revisions": [revision[one.rule_id] for one in told],
            "kinds": [one.kind for one in told],
            "since": [one.since for one in told],
            "facts": [orjson.dumps(one.facts).decode() for one in told],
        },
    )
    return [event_id for (event_id,) in kept.fetchall()]


def described(database: Database, rule_ids: Sequence[int]) -> dict[int, Row]:
    """By rule, what explains its event: the condition, the item or portfolio, its newest price, and what the owner holds.

    `quantity` is of all portfolios of the owner, `change` the last 24 hours' in percent; null where not known.
    """
    return {row.pop("id"): row for row in database.rows(DESCRIBED, [list(rule_ids)])}


READ = sql.SQL(f"""
SELECT r.id, r.revision, r.user_id, coalesce(r.item_id, 0),
       CASE r.direction WHEN 'above' THEN 1 WHEN 'below' THEN -1 ELSE 0 END, r.hold_seconds, r.cooldown_seconds, r.once::integer,
       CASE r.no_data WHEN 'keep' THEN 0 WHEN 'ok' THEN 1 ELSE 2 END, r.state::integer, r.threshold, r.clear,
       extract(epoch FROM r.since)::float8, coalesce(extract(epoch FROM r.opened_at)::float8, 'NaN'),
       coalesce(extract(epoch FROM r.told_at)::float8, 'NaN'), coalesce(({VALUE})::float8, 'NaN')
FROM alert_rules r {SOURCES}
WHERE r.enabled AND r.state <> %(done)s AND (r.until IS NULL OR r.until > %(now)s)
ORDER BY r.id
""")
UPDATE = """
UPDATE alert_rules r SET state = n.state, since = to_timestamp(n.since),
    opened_at = to_timestamp(nullif(n.opened, 'NaN')), told_at = to_timestamp(nullif(n.told, 'NaN'))
FROM unnest(%(ids)s::integer[], %(revisions)s::integer[], %(states)s::smallint[], %(since)s::float8[], %(opened)s::float8[],
            %(told)s::float8[]) n (id, revision, state, since, opened, told)
WHERE r.id = n.id AND r.revision = n.revision
"""
KEEP = """
INSERT INTO alert_events (user_id, rule_id, kind, time, since, muted, facts)
SELECT r.user_id, r.id, n.kind, %(now)s, to_timestamp(n.since), r.muted OR coalesce(r.snoozed_until > %(now)s, false), n.facts::jsonb
FROM unnest(%(ids)s::integer[], %(revisions)s::integer[], %(kinds)s::text[], %(since)s::float8[], %(facts)s::text[])
    n (id, revision, kind, since, facts)
JOIN alert_rules r ON r.id = n.id AND r.revision = n.revision
RETURNING id
"""
DESCRIBED = """
SELECT r.id, r.kind AS condition, r.direction, r."window", r.threshold, r.clear, r.item_id, r.portfolio_id,
    coalesce(i.market_hash_name, p.name) AS name, coalesce(i.currency, p.currency) AS currency, coalesce(i.price_scale, 100) AS price_scale,
    i.reference_source AS source, l.price, l.time AS priced_at, d.percent_change AS change,
    (SELECT sum(h.quantity)::bigint FROM portfolio_positions h JOIN portfolios o ON o.id = h.portfolio_id
     WHERE o.user_id = r.user_id AND h.item_id = r.item_id) AS quantity
FROM alert_rules r
LEFT JOIN items i ON i.id = r.item_id
LEFT JOIN portfolios p ON p.id = r.portfolio_id
LEFT JOIN LATERAL (
    SELECT time, price FROM tickers WHERE item_id = i.id AND source = i.reference_source
    UNION ALL SELECT time, price FROM price_latest WHERE item_id = i.id AND source = i.reference_source
    LIMIT 1
) l ON true
LEFT JOIN item_metrics d ON d.item_id = i.id AND d.source = i.reference_source AND d."window" = '24h'
WHERE r.id = ANY(%s)
"""
