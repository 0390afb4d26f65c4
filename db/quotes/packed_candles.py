"""Candles of packed months: what is asked of them, and their buckets that have no row of their own."""

from collections.abc import Sequence
from typing import Any, LiteralString

import numpy as np

from db.core import binary
from db.core.arrays import Cells, Ints
from db.core.binary import POSTGRES_EPOCH_US, UNKNOWN
from db.quotes.buckets import NAMES, WIDTHS_US, Buckets, Ticks, aggregate, combine, merged
from db.quotes.stored import find_in

LEVELS = {"1h": "price_1h", "1d": "price_24h", "1w": "price_7d"}
SECOND_US = 1_000_000
# As far back as the buckets before `since` may begin: each month has one at least, two months a whole week.
_FIRST: LiteralString = """coalesce((SELECT f.month FROM price_months f
    WHERE f.item_id = %(item)s AND f.source = %(source)s AND f.first_time < %(since)s
    ORDER BY f.month DESC OFFSET 2 * %(lead)s LIMIT 1), '-infinity')"""
# Hours are many: only as far back as `enough` quotes before `moment` lie, those of the month it falls into not counted.
_ENOUGH: LiteralString = """coalesce((SELECT min(f.month) FROM (
    SELECT n.month, coalesce(sum(n.samples) FILTER (WHERE n.last_time < %(moment)s)
        OVER (ORDER BY n.month DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS newer
    FROM price_months n WHERE n.item_id = %(item)s AND n.source = %(source)s AND n.first_time < %(moment)s) f
    WHERE f.newer <= %(enough)s), '-infinity')"""
_OLDER: LiteralString = f"""(SELECT extract(epoch FROM e.edge)::bigint FROM (SELECT {_ENOUGH} AS edge) e WHERE EXISTS (
    SELECT FROM price_months o WHERE o.item_id = %(item)s AND o.source = %(source)s AND o.month < e.edge))"""


def _months(first: LiteralString, older: LiteralString, condition: LiteralString = "") -> LiteralString:
    return f"""
UNION ALL (SELECT NULL, array_send(m.times), array_send(m.prices), array_send(m.volumes), array_send(m.rollings), m.volume_rolling, {older}
FROM price_months m WHERE m.item_id = %(item)s AND m.source = %(source)s AND m.month >= {first}
AND m.month < %(until)s::timestamptz + interval '7 days' {condition} ORDER BY m.month)"""


HOURS: LiteralString = _months(_ENOUGH, _OLDER)
DAYS: LiteralString = _months(_FIRST, "NULL::bigint", "AND m.lone_days")
SPREAD = 4
"""Quotes an hour that a first reading of hours expects; where there are more, it reads again and further back."""


def weeks(pack: LiteralString, nulls: LiteralString) -> LiteralString:
    """The same for weeks, which are made up of days: those of several quotes are rows, as `pack` packs them."""
    return f"""{DAYS} UNION ALL ({pack}, {nulls} FROM price_days b
    WHERE b.item_id = %(item)s AND b.source = %(source)s AND b.bucket >= {_FIRST} AND b.bucket < %(until)s::timestamptz + interval '7 days')"""


def buckets(interval: str, months: Sequence[tuple[Any, ...]], days: Cells) -> Buckets:
    """Buckets of the months' quotes, in order; for weeks also of the rows of `days`. Deviations are unknown there."""
    ticks = _ticks(months)
    if interval != "1w":
        return aggregate(ticks, WIDTHS_US[LEVELS[interval]])
    lone = aggregate(ticks, WIDTHS_US[LEVELS["1d"]])
    rows = _rows(days)
    known = find_in(rows.item_id, rows.bucket, lone.item_id, lone.bucket)
    return combine(merged(rows, lone.take(~known)), WIDTHS_US[LEVELS["1w"]])


def _ticks(months: Sequence[tuple[Any, ...]]) -> Ticks:
    """The quotes of one item, months in order; the item's number does not matter."""
    columns: list[list[Ints]] = [[], [], [], []]
    for _, times, prices, volumes, rollings, rolling, _ in months:
        time = binary.array(times, binary.TIMESTAMPTZ)
        count = len(time)
        columns[0].append(time + POSTGRES_EPOCH_US)
        columns[1].append(binary.array(prices, binary.INT8))
        columns[2].append(np.full(count, UNKNOWN) if volumes is None else binary.array(volumes, binary.INT8))
        kind = UNKNOWN if rolling is None else int(rolling)
        columns[3].append(np.full(count, kind) if rollings is None else binary.array(rollings, binary.BOOL))
    time, price, volume, kinds = (np.concatenate([np.empty(0, dtype=np.int64), *parts]) for parts in columns)
    return Ticks(np.zeros(len(time), dtype=np.int64), time, price, volume, kinds)


def _rows(cells: Cells) -> Buckets:
    zeros = np.zeros(len(cells), dtype=np.int64)
    columns: dict[str, Any] = dict.fromkeys(NAMES, zeros)
    columns |= dict.fromkeys(("average", "stddev"), zeros.astype(np.float64))
    for name in ("open", "high", "low", "close", "volume", "samples"):
        columns[name] = cells[name].astype(np.int64)
    time = cells["time"].astype(np.int64) * SECOND_US
    columns |= {"bucket": time, "volume_rolling": cells["rolling"].astype(np.int64), "volume_time": time}
    return Buckets(**columns)
