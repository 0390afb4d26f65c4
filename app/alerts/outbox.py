"""Outbox: what fired leaves the app, one message a user and channel for all of one evaluation, or of a night's quiet hours."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import psycopg

from app.alerts.quiet import Quiet, ends
from app.tasks.kinds import ALERT_MAIL, WEBHOOK, Kind
from db.alerts import deliveries, preferences
from db.core.pool import Database, Row

CHANNELS: Final[dict[str, Kind]] = {"webhook": WEBHOOK, "mail": ALERT_MAIL}


def put_in(connection: psycopg.Connection, event_ids: Sequence[int], now: datetime) -> None:
    """Put in the deliveries of events that were just kept, in their transaction; at `now` (aware)."""
    mine: defaultdict[int, list[int]] = defaultdict(list)
    for user_id, event_id in deliveries.told(connection, event_ids) if event_ids else ():
        mine[user_id].append(event_id)
    for row in deliveries.wanted(connection, list(mine)) if mine else ():
        hours = quiet_of(row)
        until = ends(hours, now) if hours else None
        for channel in CHANNELS:
            if row[channel]:
                send(connection, row["user_id"], channel, mine[row["user_id"]], until)


def send(
    connection: psycopg.Connection,
    user_id: int,
    channel: str,
    event_ids: Sequence[int],
    until: datetime | None = None,
    *,
    test: bool = False,
) -> tuple[int, int] | None:
    """Put one delivery in, which is held `until` then; its id and its task's, None where one that is held took the events in."""
    made = deliveries.put(connection, user_id, channel, event_ids, held=until is not None, test=test)
    if made is None:
        return None
    task_id = CHANNELS[channel].defer(connection, {"delivery": made}, at=until)
    deliveries.belongs_to(connection, made, task_id)
    return made, task_id


def quiet_of(row: Row) -> Quiet | None:
    """Quiet hours of a row with `time_zone`, `quiet_from` and `quiet_until`."""
    return Quiet(row["time_zone"], row["quiet_from"], row["quiet_until"]) if row["time_zone"] else None


def set_quiet(database: Database, user_id: int, quiet: Quiet | None, now: datetime) -> None:
    """Keep a user's quiet hours, None for none; what is held goes at their end, or now."""
    given = (quiet.zone, quiet.start, quiet.end) if quiet else (None, None, None)
    preferences.set_quiet(database, user_id, *given)
    deliveries.reschedule(database, user_id, (ends(quiet, now) if quiet else None) or now.astimezone(UTC))
