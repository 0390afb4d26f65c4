"""Latest prices: the newest quote of each item and source."""

from datetime import datetime

from db.core.pool import Database, Row


def headlines(database: Database, item_ids: list[int] | None = None) -> list[Row]:
    """The newest quote of the reference source of these items, or of all."""
    return database.rows(
        "SELECT l.item_id, l.source, l.price, l.volume, l.time FROM price_latest l"
        " JOIN items i ON i.id = l.item_id AND i.reference_source = l.source"
        " WHERE %(items)s::integer[] IS NULL OR i.id = ANY(%(items)s)",
        {"items": item_ids},
    )


def newest(database: Database) -> datetime | None:
    """When the newest quote of all was quoted."""
    row = database.row("SELECT max(last_success) AS newest FROM provider_state")
    return row["newest"] if row else None


def exists_before(database: Database, source: str, moment: datetime) -> bool:
    """Whether a source has roll-ups older than a moment."""
    row = database.row(
        "SELECT EXISTS (SELECT 1 FROM price_24h WHERE source = %s AND bucket < %s) AS found", [source, moment]
    )
    return bool(row and row["found"])


def delete_raw(database: Database, source: str | None, before: datetime, *, sparing: list[str]) -> int:
    """Delete raw quotes of a source (None: of all but `sparing`) that are older than a moment; roll-ups stay."""
    return database.execute(
        "DELETE FROM price_history WHERE time < %s AND (source = %s OR (%s::text IS NULL AND NOT source = ANY(%s)))",
        [before, source, source, sparing],
    )
