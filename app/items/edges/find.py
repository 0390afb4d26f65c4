"""Edges found: the answer for a market and for one item, as the JSON routes and the pages show it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np

from app.items.edges import rows, table
from app.items.edges.pairs import NO_FEE, Terms, pairs
from app.items.edges.query import MAX_AGE, Query, matching
from app.providers.markets import MARKETS, Market
from db.core.pool import Database
from db.items import edges


def find(
    database: Database, market: Market, fees: Mapping[str, int], query: Query, now: datetime, *, page: tuple[int, int]
) -> dict[str, Any]:
    """The pairs `page[0]` to `page[1]` (exclusive) of a market that a query asks for.

    `total` counts them all, `compared` the items that two sources quote, `left_out` the pairs that each gate kept out and the quotes off
    the median; `edges` are in order.
    """
    terms = Terms(fees, market.protection_days)
    known = table.snapshot(database, market, terms)
    rates = rows.read_rates(database, market)
    found = matching(known.quotes, known.pairs, query, rates.by_item(known.quotes), now.timestamp())
    context = rows.Context(known.quotes, known.pairs, rates, query, terms.days, now.timestamp())
    quoted = (known.quotes.price > 0).sum(axis=1)
    return {
        "market": market.id,
        "total": len(found.order),
        "compared": int((quoted > 1).sum()),
        "items": len(quoted),
        "left_out": found.left_out | {"off_median": int(known.left_out.off.sum())},
        "days_locked": terms.days,
        "fees": rows.fee_table(known.quotes.sources, terms),
        "edges": rows.rows(database, context, found.order[page[0] : page[1]]),
    }


def of_item(
    database: Database, item_id: int, fees: Mapping[str, int], now: datetime, *, max_age: float = MAX_AGE
) -> dict[str, Any] | None:
    """Every pair of sources of one item, the best first, those too that lose or that a gate names; None where there is no such item.

    `left_out` are quotes that are never used, and sources where a seller's fee is not known.
    """
    known = edges.market_of(database, item_id)
    if known is None:
        return None
    market = MARKETS[known]
    terms = Terms(fees, market.protection_days)
    quotes = edges.read(database, market.id, item_id)
    found, left_out = pairs(quotes, terms, least=-100.0)
    query = Query(max_age=max_age, gated=True, min_spread=-100.0)
    context = rows.Context(quotes, found, rows.read_rates(database, market), query, terms.days, now.timestamp())
    unsold = [{"source": source, "reason": NO_FEE} for source in quotes.sources if not terms.sells(source)]
    return {
        "item_id": item_id,
        "market": market.id,
        "days_locked": terms.days,
        "fees": rows.fee_table(quotes.sources, terms),
        "left_out": [*rows.off_median(quotes, left_out.off, now.timestamp()), *unsold],
        "edges": rows.rows(database, context, np.argsort(-found.spread, kind="stable")),
    }
