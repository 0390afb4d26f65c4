"""Transaction pages: a portfolio's transactions filtered, sorted and a page at a time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, LiteralString

from db.core.pool import Database, Row
from db.portfolio.transactions import SELECT

_UNITS: LiteralString = "CASE t.kind WHEN 'fee' THEN 1 ELSE abs(t.quantity) END"
_FEE: LiteralString = "CASE WHEN t.kind = 'sell' OR t.quantity < 0 THEN -t.fee ELSE t.fee END"
ORDERS: Final[dict[str, tuple[LiteralString, ...]]] = {
    "time": (),
    "kind": ("t.kind",),
    "market_hash_name": ("t.market_hash_name",),
    "quantity": ("abs(t.quantity)",),
    "price": ("t.currency", "t.price"),
    "total": ("t.currency", f"t.price::numeric * {_UNITS} + {_FEE}"),
}
"""What transactions are sorted by: amounts of one currency stand together."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which transactions: `words` are all in the item's name or the note, from `since` to before `until`. None asks for any.

    One of which only the day is known is of that day in the zone that the moments are given in.
    """

    kind: str | None = None
    words: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


def page(
    database: Database,
    user_id: int,
    portfolio_id: int,
    wanted: Filter | None = None,
    *,
    sort: str = "-time",
    before: int | None = None,
    offset: int = 0,
    limit: int,
) -> list[Row]:
    """Transactions by one of `ORDERS`, with a minus the greatest first; from the one after `before` (an id) in time, or from a place on."""
    given = wanted or Filter()
    parameters = {
        "kind": given.kind, "words": [word.lower() for word in given.words], "since": given.since, "until": given.until,
        "first": given.since and given.since.date(), "last": given.until and (given.until - timedelta.resolution).date(),
        "before": before, "offset": offset, "limit": limit,
    }  # fmt: skip
    direction: LiteralString = "DESC" if sort.startswith("-") else "ASC"
    keys = ", ".join(f"{key} {direction} NULLS LAST" for key in (*ORDERS[sort.lstrip("-")], "t.time", "t.id"))
    return database.rows(
        f"{SELECT} {WHERE} ORDER BY {keys} LIMIT %(limit)s OFFSET %(offset)s",
        {**parameters, "portfolio": portfolio_id, "user": user_id},
    )


WHERE: LiteralString = """
AND (%(before)s::bigint IS NULL OR (t.time, t.id) <
     (SELECT time, id FROM portfolio_transactions WHERE id = %(before)s AND portfolio_id = p.id))
AND (%(kind)s::text IS NULL OR t.kind = %(kind)s)
AND (%(since)s::timestamptz IS NULL OR CASE WHEN t.timed THEN t.time >= %(since)s ELSE (t.time AT TIME ZONE 'UTC')::date >= %(first)s END)
AND (%(until)s::timestamptz IS NULL OR CASE WHEN t.timed THEN t.time < %(until)s ELSE (t.time AT TIME ZONE 'UTC')::date <= %(last)s END)
AND NOT EXISTS (SELECT FROM unnest(%(words)s::text[]) w (word)
                WHERE position(w.word IN lower(coalesce(t.market_hash_name, '') || ' ' || t.note)) = 0)
"""
