"""History of alerts: events as they were told, read or not."""

from datetime import datetime

from db.core.pool import Database, Row


def page(database: Database, user_id: int, before: int | None, limit: int) -> list[Row]:
    """A user's events with smaller ids than `before`, the newest first: `id`, `rule_id`, `kind`, `time`, `since`, `muted`, `read`, `facts`."""
    return database.rows(PAGE, {"user": user_id, "before": before, "limit": limit})


def unread(database: Database, user_id: int) -> int:
    """How many alerts a user has not seen; what is muted or only ended is not counted."""
    found = database.row(UNREAD, [user_id])
    return int(found["count"]) if found else 0


def mark_read(database: Database, user_id: int, newest: int) -> None:
    """Note that a user has seen all events up to one."""
    database.execute(
        "UPDATE alert_events SET read_at = now() WHERE user_id = %s AND read_at IS NULL AND id <= %s", [user_id, newest]
    )


def forget(database: Database, until: datetime) -> int:
    """Delete events before a moment; returns how many."""
    return database.execute("DELETE FROM alert_events WHERE time < %s", [until])


PAGE = """
SELECT id, rule_id, kind, time, since, muted, read_at IS NOT NULL AS read, facts FROM alert_events
WHERE user_id = %(user)s AND (%(before)s::bigint IS NULL OR id < %(before)s) ORDER BY id DESC LIMIT %(limit)s
"""
UNREAD = (
    "SELECT count(*) FROM alert_events WHERE user_id = %s AND read_at IS NULL AND NOT muted AND kind <> 'recovered'"
)
