"""Deliveries: alerts on their way out of the app, one row a message, with what came of each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from db.core.pool import Database, Row
from db.tasks.details import STATE

MOST: Final = 200
"""Events of one message; of more the newest."""


def wanted(connection: psycopg.Connection, user_ids: Sequence[int]) -> list[Row]:
    """Of users who want any: `user_id`, `webhook`, `mail`, and their quiet hours or nulls."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(WANTED, {"users": list(user_ids)}).fetchall()


def put(
    connection: psycopg.Connection,
    user_id: int,
    channel: str,
    event_ids: Sequence[int],
    *,
    held: bool,
    test: bool = False,
) -> int | None:
    """Put a delivery in and return its id; None where one that is held took the events in, which has a task already."""
    row = connection.execute(
        PUT, {"user": user_id, "channel": channel, "events": list(event_ids), "held": held, "test": test}
    ).fetchone()
    return int(row[0]) if row and row[1] else None


def belongs_to(connection: psycopg.Connection, delivery_id: int, task_id: int) -> None:
    """Note which task sends a delivery."""
    connection.execute("UPDATE alert_deliveries SET task_id = %s WHERE id = %s", [task_id, delivery_id])


def begin(database: Database, delivery_id: int) -> Row | None:
    """A try begins: nothing comes in any more. The delivery with the user's webhook and address, or None where it is gone.

    `url` is null without a webhook, `email` without a verified address that wants mail.
    """
    return database.row(BEGIN, [delivery_id])


def note(
    connection: psycopg.Connection,
    delivery_id: int,
    said: str,
    *,
    status: int | None = None,
    outcome: str | None = None,
) -> None:
    """Note what came of a try; `outcome`: it is over."""
    connection.execute(
        "UPDATE alert_deliveries SET status = %s, said = %s, outcome = %s WHERE id = %s",
        [status, said, outcome, delivery_id],
    )


def events(database: Database, event_ids: Sequence[int]) -> list[Row]:
    """Events by id, the oldest first: `id`, `rule_id`, `kind`, `time`, `since`, `facts`; at most the newest `MOST`."""
    found = database.rows(
        "SELECT id, rule_id, kind, time, since, facts FROM alert_events WHERE id = ANY(%s) ORDER BY id DESC LIMIT %s",
        [list(event_ids), MOST],
    )
    return found[::-1]


def page(database: Database, user_id: int, before: int | None, limit: int) -> list[Row]:
    """A user's deliveries with smaller ids than `before`, the newest first; see `one`."""
    return database.rows(PAGE, {"user": user_id, "id": None, "before": before, "limit": limit})


def one(database: Database, user_id: int, delivery_id: int) -> Row | None:
    """A delivery: `id`, `channel`, `message_id`, `test`, `alerts`, `created_at`, `state`, `tries`, `status`, `said`, `tried_at`, `next_try`."""
    return database.row(PAGE, {"user": user_id, "id": delivery_id, "before": None, "limit": 1})


def reschedule(database: Database, user_id: int, at: datetime) -> None:
    """What is held until the end of quiet hours goes at another time."""
    database.execute(RESCHEDULE, [at, user_id])


def forget(database: Database, until: datetime) -> int:
    """Delete deliveries before a moment; returns how many."""
    return database.execute("DELETE FROM alert_deliveries WHERE created_at < %s", [until])


def test_under_way(connection: psycopg.Connection, user_id: int) -> tuple[int, int] | None:
    """A test that has not ended, with its task; two at once would tell nothing more."""
    row = connection.execute(UNDER_WAY, [user_id]).fetchone()
    return (row[0], row[1]) if row else None


def told(connection: psycopg.Connection, event_ids: Sequence[int]) -> list[Any]:
    """User and id of those events that people are told of: not of muted rules, and not of what is over."""
    query = "SELECT user_id, id FROM alert_events WHERE id = ANY(%s) AND NOT muted AND kind IN ('fired', 'no_data') ORDER BY id"
    return connection.execute(query, [list(event_ids)]).fetchall()


WANTED: Final = """
SELECT u.id AS user_id, coalesce(w.enabled, false) AS webhook, coalesce(p.by_mail, false) AND u.email_verified AS mail,
    p.time_zone, p.quiet_from, p.quiet_until
FROM users u LEFT JOIN alert_webhooks w ON w.user_id = u.id LEFT JOIN alert_preferences p ON p.user_id = u.id
WHERE u.id = ANY(%(users)s) AND (w.enabled OR (p.by_mail AND u.email_verified))
ORDER BY u.id
"""
PUT: Final = """
INSERT INTO alert_deliveries AS d (user_id, channel, message_id, event_ids, held, test)
VALUES (%(user)s, %(channel)s, 'msg_' || replace(gen_random_uuid()::text, '-', ''), %(events)s, %(held)s, %(test)s)
ON CONFLICT (user_id, channel) WHERE held DO UPDATE SET event_ids = d.event_ids || excluded.event_ids
RETURNING id, d.xmax = 0
"""
BEGIN: Final = """
WITH begun AS (
    UPDATE alert_deliveries SET held = false, tries = tries + 1, tried_at = now() WHERE id = %s RETURNING *
)
SELECT b.id, b.user_id, b.message_id, b.test, b.event_ids, b.created_at, w.url, w.enabled, w.secret,
    CASE WHEN w.former_until > now() THEN w.former_secret END AS former_secret,
    CASE WHEN u.email_verified AND p.by_mail THEN u.email END AS email
FROM begun b JOIN users u ON u.id = b.user_id LEFT JOIN alert_webhooks w ON w.user_id = b.user_id
LEFT JOIN alert_preferences p ON p.user_id = b.user_id
"""
PAGE: Final = f"""
SELECT a.id, a.channel, a.message_id, a.test, cardinality(a.event_ids) AS alerts, a.created_at, a.tries, a.status, a.said, a.tried_at,
    CASE WHEN a.outcome IS NOT NULL THEN a.outcome WHEN a.held THEN 'held' WHEN j.id IS NULL OR d.job_id IS NULL THEN 'failed'
         WHEN {STATE} IN ('waiting', 'running') THEN 'waiting' ELSE 'failed' END AS state,
    CASE WHEN a.outcome IS NULL AND j.status = 'todo' THEN j.scheduled_at END AS next_try
FROM alert_deliveries a LEFT JOIN tasks.procrastinate_jobs j ON j.id = a.task_id LEFT JOIN tasks.details d ON d.job_id = j.id
WHERE a.user_id = %(user)s AND (%(id)s::bigint IS NULL OR a.id = %(id)s) AND (%(before)s::bigint IS NULL OR a.id < %(before)s)
ORDER BY a.id DESC LIMIT %(limit)s
"""
UNDER_WAY: Final = """
SELECT a.id, a.task_id FROM alert_deliveries a JOIN tasks.procrastinate_jobs j ON j.id = a.task_id AND j.status IN ('todo', 'doing')
WHERE a.user_id = %s AND a.test AND a.outcome IS NULL ORDER BY a.id DESC LIMIT 1
"""
RESCHEDULE: Final = """
UPDATE tasks.procrastinate_jobs j SET scheduled_at = %s FROM alert_deliveries a
WHERE a.user_id = %s AND a.held AND j.id = a.task_id AND j.status = 'todo'
"""
