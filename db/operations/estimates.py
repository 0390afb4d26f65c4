"""Row estimates: about how many rows a table has, from the server's statistics."""

from typing import Final, LiteralString

ROWS: Final[LiteralString] = (
    "CASE WHEN pg_relation_size(c.oid) = 0 THEN 0"
    " WHEN greatest(c.reltuples, pg_stat_get_live_tuples(c.oid)) > 0"
    " THEN greatest(c.reltuples, pg_stat_get_live_tuples(c.oid))"
    " WHEN c.reltuples = 0 THEN 0 END"
)
"""Of the table `c` of pg_class: the last ANALYZE's figure or that of the statistics, which a crash empties;
null if neither says anything."""

ALL_ROWS: Final[LiteralString] = (
    f"CASE WHEN bool_and(({ROWS}) IS NOT NULL) THEN coalesce(sum({ROWS}) FILTER (WHERE c.relkind = 'r'), 0)::bigint END"
)
"""Of several such tables together, without those that only have partitions; null where one is not known."""

PACKED: Final[LiteralString] = "SELECT price_packed_estimate()"
"""About how many quotes are packed."""
