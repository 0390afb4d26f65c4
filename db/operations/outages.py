"""Outages: the times in which a provider gave nothing, and what is known of their cause."""

from datetime import UTC, datetime, timedelta
from typing import Final

from db.core.pool import Database, Row

INSTANCE_OFF: Final = "instance_off"
"""The cause where nothing of the instance ran."""
PROVIDER_OFF: Final = "provider_off"
"""The cause where the instance ran, but not this provider."""
DATABASE: Final = "database"
"""The cause where prices could not be kept."""
LEAST: Final = timedelta(minutes=2)
"""Nobody asked for so long at least, or it was no more than a restart."""
CYCLES: Final = 3
"""And for so many of the provider's intervals."""
FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)


def begin_cycle(
    database: Database, provider: str, at: datetime, *, process_began: datetime, database_failed: bool
) -> None:
    """Note where nobody asked the provider although it was due: the database or the whole instance was away, or the provider.

    Args:
        database: where the states are.
        provider: one that is registered, and whose state does not speak of this cycle yet.
        at: when this cycle begins.
        process_began: jobs that ended before say how long the instance lived.
        database_failed: whether the cycle before could not be recorded.
    """
    state = database.row(STATE, {"provider": provider, "before": process_began})
    if state is None or state["lasts"]:
        return
    heard = max((moment for moment in (state["last_started"], state["ended"]) if moment), default=None)
    if heard is None:
        return
    alive: datetime = max(heard, state["alive"] or heard)
    if state["last_started"] and state["last_started"] > (state["ended"] or FIRST):
        heard = alive  # a cycle ran as long as the instance did
    due = max(heard, state["next_attempt"] or heard)
    patience = max(LEAST, CYCLES * timedelta(seconds=state["interval_s"]))
    if at - due <= patience:
        return
    since, cause = (heard, PROVIDER_OFF) if alive > due + patience else (alive, INSTANCE_OFF)
    if database_failed:
        cause = DATABASE
    database.execute(
        "INSERT INTO provider_outages (provider, since, until, cause) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [provider, since, at, cause],
    )


def begin(database: Database, provider: str, since: datetime, *, cause: str, detail: str) -> None:
    """A provider gives nothing since a moment; of an outage that lasts already the detail alone changes."""
    database.execute(BEGIN, {"provider": provider, "since": since, "cause": cause, "detail": detail})


def end(database: Database, provider: str, at: datetime) -> None:
    """It gives quotes again."""
    database.execute(
        "UPDATE provider_outages SET until = %(at)s WHERE provider = %(provider)s AND until IS NULL AND since < %(at)s",
        {"provider": provider, "at": at},
    )


def newest(database: Database, limit: int, *, longer_than: timedelta = LEAST) -> list[Row]:
    """The last outages, newest first: `{provider, since, until, cause, detail}`; `until` is null while one lasts."""
    return database.rows(
        "SELECT provider, since, until, cause, detail FROM provider_outages"
        " WHERE coalesce(until, now()) - since >= %s ORDER BY since DESC LIMIT %s",
        [longer_than, limit],
    )


def between(database: Database, provider: str, since: datetime, until: datetime) -> list[Row]:
    """A provider's outages that overlap [since, until), oldest first."""
    return database.rows(
        "SELECT since, until, cause, detail FROM provider_outages"
        " WHERE provider = %s AND since < %s AND (until IS NULL OR until > %s) ORDER BY since",
        [provider, until, since],
    )


def unfilled(database: Database, provider: str) -> Row | None:
    """An item of the provider's polling plan whose past was not asked for since outages ended, the most important first.

    `{id, name, since, until}`: the latter two lists, with each outage of three hours or more in the last 30 days. None without one.
    """
    return database.row(UNFILLED, {"provider": provider})


def recorded_since(database: Database, provider: str) -> datetime | None:
    """From when on a provider's outages are recorded; None for one that never ran here."""
    row = database.row("SELECT outages_since FROM provider_state WHERE name = %s", [provider])
    return row["outages_since"] if row else None


STATE: Final = """
SELECT last_started, greatest(last_success, last_failure) AS ended, next_attempt, interval_s,
       (SELECT max(last_finished) FROM job_state WHERE last_finished < %(before)s) AS alive,
       EXISTS (SELECT FROM provider_outages WHERE provider = name AND until IS NULL) AS lasts
FROM provider_state WHERE name = %(provider)s
"""
UNFILLED: Final = """
SELECT i.id, i.market_hash_name AS name, array_agg(o.since ORDER BY o.since) AS since, array_agg(o.until ORDER BY o.since) AS until
FROM poll_plan_items k JOIN items i ON i.id = k.item_id JOIN provider_outages o ON o.provider = k.provider
WHERE k.provider = %(provider)s AND o.until < now() - interval '2 hours' AND o.until - o.since >= interval '3 hours'
  AND o.since > now() - interval '30 days' AND NOT EXISTS (
      SELECT FROM candle_repairs r WHERE r.item_id = k.item_id AND r.source = k.provider AND r."interval" = '1h'
          AND r.since = date_trunc('second', o.since))
GROUP BY i.id, k.in_demand, k.interval_s ORDER BY k.in_demand DESC, k.interval_s, i.id LIMIT 1
"""
BEGIN: Final = """
INSERT INTO provider_outages (provider, since, cause, detail) VALUES (%(provider)s, %(since)s, %(cause)s, %(detail)s)
ON CONFLICT (provider) WHERE until IS NULL DO UPDATE SET detail = excluded.detail
"""
