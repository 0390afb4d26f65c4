"""Volume aggregation in SQL, as `buckets.aggregate` defines it."""

from typing import Final, LiteralString

_OWN: Final[LiteralString] = "sum(volume) FILTER (WHERE NOT volume_rolling)"
_NEWEST: Final[LiteralString] = (
    "(array_agg(volume ORDER BY time DESC) FILTER (WHERE volume_rolling AND volume IS NOT NULL))[1]"
)
VOLUME: Final[LiteralString] = f"coalesce({_OWN}, {_NEWEST})::bigint"
"""The sum of the quotes' own intervals; without any, the newest known figure of the last 24 h, never the greatest."""
ROLLING: Final[LiteralString] = f"CASE WHEN {_OWN} IS NOT NULL THEN false WHEN {_NEWEST} IS NOT NULL THEN true END"
"""Which of the two it is; null where neither is known."""
