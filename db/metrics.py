"""The kept measures of items."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from db import binary
from db.pool import Database, Row

MEASURES = (
    "rolling_stddev", "coefficient_of_variation", "percent_change", "bollinger_upper", "bollinger_middle", "bollinger_lower",
    "percent_b", "bandwidth", "return_volatility", "trend_slope", "trend_r2", "trend_score", "sharpe", "max_drawdown",
    "ewma_volatility", "parkinson", "atr",
)  # fmt: skip
STAGING = """
CREATE TEMPORARY TABLE IF NOT EXISTS staged_metrics (
    item_id integer, source_index smallint, reference smallint, last_price bigint, volume bigint,
    volume_rolling smallint, samples integer, coverage float8, sparkline real[], {measures}
) ON COMMIT DELETE ROWS
"""


def save(
    connection: psycopg.Connection,
    window: str,
    sources: Sequence[str],
    columns: Mapping[str, tuple[str, Any]],
    *,
    as_of: datetime,
) -> list[int]:
    """Keep one window's measures in the caller's transaction; rows that did not change stay untouched.

    `columns` are those of the staging table: `source_index` points into `sources`, unknown is NaN or -1.
    Returns the item of each row that changed.
    """
    measures = sql.SQL(", ").join(sql.SQL("{} float8").format(sql.Identifier(name)) for name in MEASURES)
    connection.execute(sql.SQL(STAGING).format(measures=measures))
    connection.execute("TRUNCATE staged_metrics")
    binary.copy(connection, "staged_metrics", columns)
    names = [sql.Identifier(name) for name in MEASURES]
    query = sql.SQL(UPSERT).format(
        names=sql.SQL(", ").join(names),
        values=sql.SQL(", ").join(sql.SQL("nullif({}, 'NaN')").format(name) for name in names),
        updates=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(name) for name in names),
    )
    return [row[0] for row in connection.execute(query, {"window": window, "sources": list(sources), "as_of": as_of})]


def forget_unmeasured(connection: psycopg.Connection, window: str, kept: np.ndarray[Any, np.dtype[np.int64]]) -> None:
    """Remove the measures of items that were not observed in the window any more."""
    connection.execute(
        'DELETE FROM item_metrics WHERE "window" = %s AND NOT item_id = ANY(%s)', [window, kept.tolist()]
    )


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


UPSERT = """
INSERT INTO item_metrics AS k (item_id, source, "window", reference, last_price, volume, volume_rolling, samples, coverage,
                               sparkline, as_of, computed_at, {names})
SELECT item_id, (%(sources)s::text[])[source_index + 1], %(window)s, reference = 1, nullif(last_price, -1),
       nullif(volume, -1), CASE volume_rolling WHEN -1 THEN NULL ELSE volume_rolling = 1 END, samples, coverage, sparkline,
       %(as_of)s, now(), {values}
FROM staged_metrics ORDER BY item_id
ON CONFLICT (item_id, source, "window") DO UPDATE SET
    reference = excluded.reference, last_price = excluded.last_price, volume = excluded.volume,
    volume_rolling = excluded.volume_rolling, samples = excluded.samples, coverage = excluded.coverage,
    sparkline = excluded.sparkline, as_of = excluded.as_of, computed_at = excluded.computed_at, {updates}
WHERE (k.reference, k.last_price, k.volume, k.samples, k.rolling_stddev, k.percent_change, k.sparkline)
    IS DISTINCT FROM (excluded.reference, excluded.last_price, excluded.volume, excluded.samples, excluded.rolling_stddev,
                      excluded.percent_change, excluded.sparkline)
RETURNING k.item_id
"""
