"""Latest prices: the newest quote of each item and source."""

from datetime import datetime

from db.core.pool import Database, Row


def headlines(database: Database, item_ids: list[int] | None = None) -> list[Row]:
    """The newest quote or ticker of the reference source of these items, or of all."""
    return database.rows(
        "SELECT l.item_id, l.source, l.price, l.volume, l.time FROM ("
        "SELECT item_id, source, price, volume, time FROM price_latest"
        " UNION ALL SELECT item_id, source, price, volume, time FROM tickers) l"
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
        "SELECT EXISTS (SELECT 1 FROM price_days WHERE source = %(source)s AND bucket < %(moment)s)"
        " OR coalesce(date_trunc('day', price_packed_since(%(source)s), 'UTC') < %(moment)s, false) AS found",
        {"source": source, "moment": moment},
    )
    return bool(row and row["found"])
