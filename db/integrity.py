"""Does what was derived agree with what it was derived from?"""

from typing import LiteralString

from db import estimates
from db.pool import Database, Row

CHECKS: dict[str, LiteralString] = {
    "latest prices older than the newest quote": """
        SELECT count(*) AS wrong FROM price_latest l WHERE EXISTS (
            SELECT 1 FROM price_history h WHERE h.item_id = l.item_id AND h.source = l.source AND h.time > l.time)""",
    "latest prices that differ from the quote of their time": """
        SELECT count(*) AS wrong FROM price_latest l JOIN price_history h USING (item_id, source, time)
        WHERE h.price <> l.price""",
    "items and sources with quotes but no latest price": """
        SELECT count(*) AS wrong FROM (SELECT DISTINCT item_id, source FROM price_1h) b
        LEFT JOIN price_latest l USING (item_id, source) WHERE l.item_id IS NULL""",
    "quotes of the last 30 days missing from price_1h": """
        SELECT count(*) AS wrong FROM (
            SELECT item_id, source, date_bin('1 hour', time, '2000-01-03 00:00:00+00') AS bucket, count(*) AS samples
            FROM price_history WHERE time > now() - interval '30 days' GROUP BY 1, 2, 3) h
        LEFT JOIN price_1h b USING (item_id, source, bucket) WHERE b.samples IS NULL OR b.samples < h.samples""",
    # Only hours whose raw quotes are all kept: of the others the roll-up knows more.
    "hours of the last 30 days whose prices differ from their quotes": """
        SELECT count(*) AS wrong FROM (
            SELECT item_id, source, date_bin('1 hour', time, '2000-01-03 00:00:00+00') AS bucket, count(*) AS samples,
                   max(price) AS high, min(price) AS low, (array_agg(price ORDER BY time))[1] AS open,
                   (array_agg(price ORDER BY time DESC))[1] AS close, avg(price::double precision) AS average
            FROM price_history WHERE time > now() - interval '30 days' GROUP BY 1, 2, 3) h
        JOIN price_1h b USING (item_id, source, bucket, samples)
        WHERE (b.open, b.high, b.low, b.close) <> (h.open, h.high, h.low, h.close)
           OR abs(b.average - h.average) > 1e-6 * h.average""",
    "days that differ from their hours": """
        SELECT count(*) AS wrong FROM (
            SELECT item_id, source, date_bin('1 day', bucket, '2000-01-03 00:00:00+00') AS bucket, sum(samples) AS samples,
                   max(high) AS high, min(low) AS low
            FROM price_1h GROUP BY 1, 2, 3) h
        FULL JOIN price_24h b USING (item_id, source, bucket)
        WHERE (b.samples, b.high, b.low) IS DISTINCT FROM (h.samples, h.high, h.low)""",
    "weeks that differ from their days": """
        SELECT count(*) AS wrong FROM (
            SELECT item_id, source, date_bin('7 days', bucket, '2000-01-03 00:00:00+00') AS bucket, sum(samples) AS samples,
                   max(high) AS high, min(low) AS low
            FROM price_24h GROUP BY 1, 2, 3) h
        FULL JOIN price_7d b USING (item_id, source, bucket)
        WHERE (b.samples, b.high, b.low) IS DISTINCT FROM (h.samples, h.high, h.low)""",
    "quotes of items that do not exist": """
        SELECT count(DISTINCT item_id) AS wrong FROM price_latest l WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.id = l.item_id)""",
}


def verify(database: Database) -> list[str]:
    """One sentence per check that failed."""
    findings = []
    for name, query in CHECKS.items():
        row = database.row(query)
        if row and row["wrong"]:
            findings.append(f"{row['wrong']} {name}")
    return findings


def sizes(database: Database) -> list[Row]:
    """Tables with their estimated rows, null if unknown, and bytes; partitions are counted with their table."""
    return database.rows(
        "SELECT coalesce(p.relname, c.relname) AS name,"
        f" {estimates.ALL_ROWS} AS rows,"
        " sum(pg_total_relation_size(c.oid))::bigint AS bytes"
        " FROM pg_class c LEFT JOIN pg_inherits h ON h.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = h.inhparent"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY 1 ORDER BY 3 DESC"
    )
