"""Columnstore: compresses chunks that are over, and says what it holds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import psycopg
import structlog
from psycopg.rows import tuple_row

from db.core.pool import LONG_TIMEOUT, Database

log = structlog.get_logger(__name__)

LOCK_TIMEOUT: Final = "2s"
"""Writers of a chunk wait for its compression, and it for them: only so long."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A hypertable: its rows (an estimate) and bytes, and of its chunks how many are columns.

    Chunks that are columns took `rows_bytes` as rows and take `columns_bytes`.
    """

    relation: str
    rows: int
    bytes: int
    chunks: int
    columns: int
    rows_bytes: int
    columns_bytes: int


def compress(database: Database, now: datetime) -> int:
    """Compress what is over, and what was added to columns since; drop chunks of quotes that became empty.

    Returns how many chunks; none where the history is in plain tables. What others are at is left for the next time.
    """
    if not _exists(database):
        return 0
    done = 0
    for chunk, relation in database.fetch(WAITING, {"now": now}, factory=tuple_row):
        with database.connection(answer_within=LONG_TIMEOUT) as connection, connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
            try:
                with connection.transaction():
                    connection.execute("CALL history_compress(%s::regclass)", [chunk])
                done += 1
            except psycopg.errors.LockNotAvailable:
                log.info("a chunk is compressed the next time: others are at work", table=relation, chunk=chunk)
    return done


def state(database: Database) -> list[Kept]:
    """Every hypertable of the history; none where it is in plain tables."""
    return [Kept(*row) for row in database.fetch(STATE, None, factory=tuple_row)] if _exists(database) else []


def _exists(database: Database) -> bool:
    return database.rows("SELECT to_regclass('history_columnstore') AS found") != [{"found": None}]


# Status 1 is a compressed chunk; 2 and 8 one that took rows out of order or uncompressed since.
WAITING: Final = """
SELECT q.chunk, q.relation FROM (
    SELECT format('%%I.%%I', i.chunk_schema, i.chunk_name) AS chunk, k.relation, i.range_end
    FROM history_columnstore k
    JOIN timescaledb_information.chunks i ON i.hypertable_schema = 'public' AND i.hypertable_name = k.relation
    WHERE k.after IS NULL OR i.range_end <= %(now)s - k.after) q
CROSS JOIN LATERAL _timescaledb_functions.chunk_status(q.chunk::regclass) s (status)
WHERE s.status & 1 = 0 OR s.status & 10 > 0
ORDER BY q.relation, q.range_end
"""
STATE: Final = """
SELECT k.relation, approximate_row_count(k.relation::regclass), coalesce(hypertable_size(k.relation::regclass), 0)::bigint,
       s.chunks, s.columns, s.before, s.after
FROM history_columnstore k
JOIN timescaledb_information.hypertables h ON h.hypertable_schema = 'public' AND h.hypertable_name = k.relation
CROSS JOIN LATERAL (
    SELECT count(*) AS chunks, count(*) FILTER (WHERE compression_status = 'Compressed') AS columns,
           coalesce(sum(before_compression_total_bytes), 0)::bigint AS before,
           coalesce(sum(after_compression_total_bytes), 0)::bigint AS after
    FROM chunk_columnstore_stats(k.relation::regclass)) s
ORDER BY k.relation
"""
