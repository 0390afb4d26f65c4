"""Stored measures of items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from db.core import binary
from db.core.pool import Database, Row

MEASURES = (
    "rolling_stddev", "coefficient_of_variation", "percent_change", "bollinger_upper", "bollinger_middle", "bollinger_lower",
    "percent_b", "bandwidth", "return_volatility", "trend_slope", "trend_r2", "trend_score", "sharpe", "max_drawdown",
    "ewma_volatility", "parkinson", "atr",
)  # fmt: skip
VALUES = (
    "reference", "last_price", "volume", "volume_rolling", "samples", "coverage", "sparkline", "outliers", "unscreened", *MEASURES,
)  # fmt: skip
"""All that a run finds of an item; it has changed where one of them differs."""


@dataclass(frozen=True, slots=True)
class Screened:
    """What a row has besides where outliers were left out.

    `outliers` are `{time, price}`, the oldest first; `unscreened` holds the measures of all closes by name.
    """

    item_id: int
    source_index: int
    outliers: list[dict[str, Any]]
    unscreened: dict[str, float | None]


def save(
    connection: psycopg.Connection,
    window: str,
    sources: Sequence[str],
    columns: Mapping[str, tuple[str, Any]],
    screened: Sequence[Screened] = (),
    *,
    as_of: datetime,
) -> list[int]:
    """Replace one window's measures in the caller's transaction: every row is written, what was not measured is removed.

    `columns` are those of the staging table: `source_index` points into `sources`, unknown is NaN or -1.
    Returns the item of each row of which any value changed.
    """
    measures = sql.SQL(", ").join(sql.SQL("{} float8").format(sql.Identifier(name)) for name in MEASURES)
    connection.execute(sql.SQL(STAGING).format(measures=measures))
    connection.execute("TRUNCATE staged_metrics")
    binary.copy(connection, "staged_metrics", columns)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE staged_metrics SET outliers = %s, unscreened = %s WHERE item_id = %s AND source_index = %s",
            [(Jsonb(row.outliers), Jsonb(row.unscreened), row.item_id, row.source_index) for row in screened],
        )
    changed = connection.execute(REPLACE, {"window": window, "sources": list(sources), "as_of": as_of}).fetchall()
    connection.execute('DELETE FROM item_metrics WHERE "window" = %s AND computed_at <> now()', [window])
    return [item for (item,) in changed]


def choose_references(connection: psycopg.Connection, window: str) -> list[int]:
    """Let each item speak through its reference source of that window; returns the items that have another one now."""
    changed = connection.execute(
        'UPDATE items i SET reference_source = m.source FROM item_metrics m WHERE m.item_id = i.id AND m."window" = %s'
        " AND m.reference AND i.reference_source IS DISTINCT FROM m.source RETURNING i.id",
        [window],
    )
    return [item for (item,) in changed]


def of_item(database: Database, item_id: int, window: str, source: str | None = None) -> Row | None:
    """One item's measures in a window: of a source, or of the reference source."""
    return database.row(
        'SELECT m.*, i.market_hash_name, i.price_scale FROM item_metrics m JOIN items i ON i.id = m.item_id WHERE m.item_id = %s AND m."window" = %s'
        " AND (m.source = %s OR (%s::text IS NULL AND m.reference))",
        [item_id, window, source, source],
    )


STAGING = """
CREATE TEMPORARY TABLE IF NOT EXISTS staged_metrics (
    item_id integer, source_index smallint, reference smallint, last_price bigint, volume bigint,
    volume_rolling smallint, samples integer, coverage float8, sparkline real[], outliers jsonb, unscreened jsonb, {measures}
) ON COMMIT DELETE ROWS
"""
_FOUND = {
    "reference": "reference = 1",
    "last_price": "nullif(last_price, -1)",
    "volume": "nullif(volume, -1)",
    "volume_rolling": "CASE volume_rolling WHEN -1 THEN NULL ELSE volume_rolling = 1 END",
} | {name: f"nullif({name}, 'NaN')" for name in MEASURES}
"""How a value is made from the staging table's column, where it is not that column."""


def _columns(template: str, names: Sequence[str] = VALUES) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(template).format(sql.Identifier(name)) for name in names)


REPLACE = sql.SQL(
    """
WITH found AS (
    SELECT item_id, (%(sources)s::text[])[source_index + 1] AS source, {found} FROM staged_metrics
), changed AS (
    SELECT f.item_id
    FROM found f LEFT JOIN item_metrics k ON k.item_id = f.item_id AND k.source = f.source AND k."window" = %(window)s
    WHERE ({old}) IS DISTINCT FROM ({new})
), written AS (
    INSERT INTO item_metrics (item_id, source, "window", as_of, computed_at, {names})
    SELECT item_id, source, %(window)s, %(as_of)s, now(), {names} FROM found ORDER BY item_id
    ON CONFLICT (item_id, source, "window") DO UPDATE SET
        as_of = excluded.as_of, computed_at = excluded.computed_at, {updates}
)
SELECT item_id FROM changed
"""
).format(
    found=sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(sql.SQL(_FOUND.get(name, name)), sql.Identifier(name)) for name in VALUES
    ),
    names=_columns("{0}"),
    updates=_columns("{0} = excluded.{0}"),
    old=_columns("k.{0}"),
    new=_columns("f.{0}"),
)
