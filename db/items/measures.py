"""Item measures: stores a run's rows and reads them back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

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
    "reference", "last_price", "volume", "volume_rolling", "turnover", "samples", "coverage", "sparkline", "outliers", "unscreened", *MEASURES,
)  # fmt: skip
"""All that a run finds of an item; it has changed where one of them differs."""
RUN_AS_OF: Final = 'coalesce((SELECT r.as_of FROM measure_runs r WHERE r."window" = m."window"), m.as_of) AS as_of'
"""Of a row `m` of item_metrics: the moment that its measures hold for; the row's own is that of the run that wrote it."""
RUN_COMPUTED_AT: Final = RUN_AS_OF.replace("as_of", "computed_at")


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
    gone: Sequence[tuple[int, str]] | None,
    as_of: datetime,
) -> list[int]:
    """Store one window's measures in the caller's transaction: rows are written where they differ from what is stored.

    `columns` are those of the staging table: `source_index` points into `sources`, unknown is NaN or -1. `gone` are items and
    sources whose rows are removed; with None these are all that are not among `columns`.
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
    values = {"window": window, "sources": list(sources), "as_of": as_of}
    changed = connection.execute(REPLACE, values).fetchall()
    if gone is None:
        connection.execute(FORGET_OTHERS, values)
    elif gone:
        items, lost = zip(*gone, strict=True)
        connection.execute(FORGET, {"window": window, "items": list(items), "sources": list(lost)})
    connection.execute(RAN, values)
    return [item for (item,) in changed]


def choose_references(connection: psycopg.Connection, window: str, items: Sequence[int] | None) -> list[int]:
    """Let these items, or all, speak through their reference source of that window; returns those that have another one now.

    Pairs keep theirs: the exchange that they are collected from.
    """
    changed = connection.execute(
        'UPDATE items i SET reference_source = m.source FROM item_metrics m WHERE m.item_id = i.id AND m."window" = %(window)s'
        " AND (%(items)s::integer[] IS NULL OR m.item_id = ANY(%(items)s))"
        " AND m.reference AND i.reference_source IS DISTINCT FROM m.source"
        " AND NOT EXISTS (SELECT FROM symbols s WHERE s.item_id = i.id) RETURNING i.id",
        {"window": window, "items": None if items is None else list(items)},
    )
    return [item for (item,) in changed]


def of_item(database: Database, item_id: int, window: str, source: str | None = None) -> Row | None:
    """One item's measures in a window: of a source, or of the reference source."""
    return database.row(
        f"SELECT m.*, {RUN_AS_OF}, {RUN_COMPUTED_AT}, i.market_hash_name, i.price_scale"
        ' FROM item_metrics m JOIN items i ON i.id = m.item_id WHERE m.item_id = %s AND m."window" = %s'
        " AND (m.source = %s OR (%s::text IS NULL AND m.reference))",
        [item_id, window, source, source],
    )


STAGING = """
CREATE TEMPORARY TABLE IF NOT EXISTS staged_metrics (
    item_id integer, source_index smallint, reference smallint, last_price bigint, volume bigint,
    volume_rolling smallint, turnover float8, samples integer, coverage float8, sparkline real[], outliers jsonb, unscreened jsonb, {measures}
) ON COMMIT DELETE ROWS
"""
_FOUND = {
    "reference": "reference = 1",
    "last_price": "nullif(last_price, -1)",
    "volume": "nullif(volume, -1)",
    "turnover": "nullif(turnover, 'NaN')",
    "volume_rolling": "CASE volume_rolling WHEN -1 THEN NULL ELSE volume_rolling = 1 END",
} | {name: f"nullif({name}, 'NaN')" for name in MEASURES}
"""How a value is made from the staging table's column, where it is not that column."""


def _columns(template: str, names: Sequence[str] = VALUES) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(template).format(sql.Identifier(name)) for name in names)


REPLACE = sql.SQL(
    """
WITH changed AS (
    SELECT f.* FROM (SELECT item_id, (%(sources)s::text[])[source_index + 1] AS source, {found} FROM staged_metrics) f
    LEFT JOIN item_metrics k ON k.item_id = f.item_id AND k.source = f.source AND k."window" = %(window)s
    WHERE k.item_id IS NULL OR ({old}) IS DISTINCT FROM ({new})
), written AS (
    INSERT INTO item_metrics (item_id, source, "window", as_of, computed_at, {names})
    SELECT item_id, source, %(window)s, %(as_of)s, now(), {names} FROM changed ORDER BY item_id
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
FORGET_OTHERS = """
DELETE FROM item_metrics m WHERE "window" = %(window)s AND NOT EXISTS (
    SELECT FROM staged_metrics s WHERE s.item_id = m.item_id AND (%(sources)s::text[])[s.source_index + 1] = m.source)
"""
FORGET = """
DELETE FROM item_metrics m USING unnest(%(items)s::integer[], %(sources)s::text[]) g (item_id, source)
WHERE m."window" = %(window)s AND m.item_id = g.item_id AND m.source = g.source
"""
RAN = """
INSERT INTO measure_runs ("window", as_of, computed_at) VALUES (%(window)s, %(as_of)s, now())
ON CONFLICT ("window") DO UPDATE SET as_of = excluded.as_of, computed_at = excluded.computed_at
"""
