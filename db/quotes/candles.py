"""Candles of one item and source, a range in one compact query."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import numpy as np
from psycopg.rows import tuple_row

from db.core.arrays import Bools, Cells, Ints
from db.core.pool import Database
from db.quotes import packed_candles
from db.quotes.buckets import Buckets
from db.quotes.volumes import ROLLING, VOLUME

MAX_POINTS = 20_000
DENSE = 0.5
SECONDS = {"5m": 300, "1h": 3_600, "1d": 86_400, "1w": 604_800}
CELL = np.dtype(
    [(name, ">i8") for name in ("time", "open", "high", "low", "close", "volume")]
    + [("rolling", ">i2"), ("samples", ">i4")]
)


@dataclass(frozen=True, slots=True)
class Span:
    """How far back a window reaches, and the intervals it may be drawn in, finest first."""

    length: timedelta | None
    intervals: tuple[str, ...]


SPANS = {
    "24h": Span(timedelta(days=1), ("5m", "1h")),
    "7d": Span(timedelta(days=7), ("1h",)),
    "30d": Span(timedelta(days=30), ("1h",)),
    "1y": Span(timedelta(days=365), ("1d",)),
    "all": Span(None, ("1h", "1d", "1w")),
}


@dataclass(frozen=True, slots=True)
class Candles:
    """n observed buckets, oldest first: arrays (n,), prices in minor units, `time` in seconds since 1970 (bucket start).

    The first `lead` buckets lie before the range, for averages that look back. `volume` is -1 where unknown.
    """

    interval: str
    lead: int
    time: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    rolling: Bools
    samples: Ints

    def __len__(self) -> int:
        return len(self.time) - self.lead


def window_candles(
    database: Database, item_id: int, source: str, window: str, now: datetime, *, lead: int = 0
) -> Candles:
    """Candles of a window of `SPANS` in the finest interval that fits.

    A bounded window is drawn in an interval in which at least half of the buckets were quoted, "all" in one of at most
    20,000 points; otherwise in the coarsest.
    """
    span = SPANS[window]
    since = None if span.length is None else now - span.length
    for interval in span.intervals[:-1]:
        found = candles(database, item_id, source, interval, since=since, lead=lead, limit=MAX_POINTS + lead + 1)
        if span.length is None:
            if len(found) <= MAX_POINTS:
                return found
        elif len(found) >= DENSE * span.length.total_seconds() / SECONDS[interval]:
            return found
    return candles(database, item_id, source, span.intervals[-1], since=since, lead=lead)


def candles(
    database: Database,
    item_id: int,
    source: str,
    interval: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    lead: int = 0,
    limit: int = 1_000_000,
) -> Candles:
    """The newest `limit` buckets that begin in [since, until), and up to `lead` observed ones before them.

    `interval` is one of `SECONDS`; 5m comes from the raw quotes, the others from the roll-ups. Unobserved buckets are
    left out. Raises KeyError for another interval.
    """
    first = since or datetime.min.replace(tzinfo=UTC)
    parameters: dict[str, Any] = {
        "item": item_id,
        "source": source,
        "since": first,
        "until": until or datetime.max.replace(tzinfo=UTC),
        "lead": lead,
        "limit": limit,
        # Raw quotes are looked for only so far back: there is no index that finds the last 19 buckets of them.
        "reach": timedelta(seconds=4 * lead * SECONDS["5m"]) if since else timedelta(0),
    }
    needed = limit if since is None else lead
    parameters["moment"] = parameters["until"] if since is None else since
    parameters["enough"] = packed_candles.SPREAD * needed
    cells, older = _cells(database, interval, parameters)
    while older is not None and _before(cells, parameters["moment"], older) < needed:
        parameters["enough"] *= 16
        cells, older = _cells(database, interval, parameters)
    edge = -np.inf if since is None else np.ceil(since.timestamp())
    end = np.inf if until is None else np.ceil(until.timestamp())
    before, after = np.searchsorted(cells["time"], [edge, end]).tolist()
    inside = max(before, after - limit)
    cells = cells[np.r_[max(0, before - lead) : before, inside:after]]
    columns = {
        name: cells[name].astype(np.int64) for name in ("time", "open", "high", "low", "close", "volume", "samples")
    }
    return Candles(interval=interval, lead=min(before, lead), rolling=cells["rolling"] == 1, **columns)


def _cells(database: Database, interval: str, parameters: dict[str, Any]) -> tuple[Cells, int | None]:
    """Buckets in order of time, and from when on they are whole (seconds since 1970); None where nothing is left out."""
    rows = database.fetch(QUERIES[interval], parameters, factory=tuple_row, binary=True)
    cells = np.frombuffer(rows[0][0] or b"", dtype=CELL)
    months = [row for row in rows[1:] if row[1] is not None]
    days = np.frombuffer((len(rows) > 1 and rows[-1][0]) or b"", dtype=CELL)
    if months or len(days):
        cells = _with_packed(cells, packed_candles.buckets(interval, months, days))
    return cells, months[0][-1] if months else None


def _before(cells: Cells, moment: datetime, since: int) -> int:
    """How many buckets begin from `since` on and before a moment."""
    first, end = np.searchsorted(cells["time"], [since, np.ceil(moment.timestamp())]).tolist()
    return int(end - first)


def _with_packed(rows: Cells, buckets: Buckets) -> Cells:
    """Stored rows, and in order of time with them the buckets that have none."""
    cells = np.empty(len(buckets), dtype=CELL)
    for name in ("open", "high", "low", "close", "volume", "samples"):
        cells[name] = getattr(buckets, name)
    cells["time"], cells["rolling"] = buckets.bucket // 1_000_000, buckets.volume_rolling == 1
    both = np.concatenate([rows, cells[~np.isin(cells["time"], rows["time"])]])
    return both[np.argsort(both["time"])]


PACK: LiteralString = """
SELECT string_agg(int8send(extract(epoch FROM bucket)::bigint) || int8send(open) || int8send(high) || int8send(low)
        || int8send(close) || int8send(coalesce(volume, -1))
        || int2send(CASE WHEN volume_rolling THEN 1::int2 ELSE 0::int2 END) || int4send(samples::integer),
        ''::bytea ORDER BY bucket)
"""
RAW: LiteralString = (
    PACK
    + """
FROM (SELECT date_bin('5 minutes', time, '2000-01-03 00:00:00+00') AS bucket,
             (array_agg(price ORDER BY time))[1] AS open, max(price) AS high, min(price) AS low,
             (array_agg(price ORDER BY time DESC))[1] AS close,
             """
    + VOLUME
    + " AS volume, "
    + ROLLING
    + """ AS volume_rolling, count(*) AS samples
      FROM price_history_between(%(since)s::timestamptz - %(reach)s::interval, %(until)s)
      WHERE item_id = %(item)s AND source = %(source)s AND time >= %(since)s::timestamptz - %(reach)s::interval
        AND time < %(until)s
      GROUP BY 1 ORDER BY 1 DESC LIMIT %(limit)s) b
"""
)
_ROWS: LiteralString = """
WITH inside AS (SELECT * FROM {table}
    WHERE item_id = %(item)s AND source = %(source)s AND bucket >= %(since)s AND bucket < %(until)s
    ORDER BY bucket DESC LIMIT %(limit)s),
before AS (SELECT * FROM {table}
    WHERE item_id = %(item)s AND source = %(source)s AND bucket < %(since)s ORDER BY bucket DESC LIMIT %(lead)s)
"""
_NULLS: LiteralString = "NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea, NULL::boolean, NULL::bigint"
_BOTH: LiteralString = f", {_NULLS} FROM (TABLE inside UNION ALL TABLE before) b"


def _query(table: LiteralString, packed: LiteralString) -> LiteralString:
    return _ROWS.replace("{table}", table) + PACK + _BOTH + packed


QUERIES: dict[str, LiteralString] = {
    "5m": RAW,
    "1h": _query("price_hours", packed_candles.HOURS),
    "1d": _query("price_days", packed_candles.DAYS),
    "1w": _query("price_weeks", packed_candles.weeks(PACK, _NULLS)),
}
