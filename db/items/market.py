"""Market overview: index, breadth, and the items with the greatest sales, of one market."""

from collections.abc import Mapping

from db.core.pool import Database, Row
from db.items.rankings import MarketWindow


def overview(database: Database, scope: MarketWindow, gate: Mapping[str, float], *, currency: str | None = None) -> Row:
    """How what passes the gate moved in a window.

    `index_change` is the change in percent of a basket that holds of each item what is sold of it in a day:
    sum(volume x last) / sum(volume x base) - 1 (Laspeyres), over `index_items` of `currency`, else of the most common one; None
    without any. `traded` is what is sold a day of what passes, in `currency`: of items those of the index, of pairs all, those in
    other currencies converted. `others` are those in other currencies, which the index leaves out. `advancing`, `declining`,
    `unchanged` count all that pass.
    """
    traded = "(SELECT sum(turnover_per_day) FROM passed)" if scope.pairs else "sum(held * last)"
    found = database.row(
        f"WITH {scope.gated},"
        " common AS (SELECT coalesce(%(currency)s::text, mode() WITHIN GROUP (ORDER BY currency)) AS currency FROM passed),"
        " basket AS (SELECT price::float8 / price_scale AS last, base_price::float8 / price_scale AS base, volume_per_day AS held"
        "   FROM passed JOIN common USING (currency) WHERE base_price IS NOT NULL AND volume_per_day > 0)"
        " SELECT b.*, p.* FROM"
        " (SELECT (sum(held * last) / nullif(sum(held * base), 0) - 1) * 100 AS index_change, count(*) AS index_items,"
        f"   {traded} AS traded, (SELECT currency FROM common) AS currency FROM basket) b,"
        " (SELECT count(*) FILTER (WHERE percent_change > 0) AS advancing, count(*) FILTER (WHERE percent_change < 0) AS declining,"
        "   count(*) FILTER (WHERE percent_change = 0) AS unchanged, count(percent_change) AS counted,"
        "   count(*) FILTER (WHERE currency <> (SELECT currency FROM common)) AS others FROM passed) p",
        scope.parameters | {"currency": currency, **gate},
    )
    return found or {}


def heaviest(database: Database, scope: MarketWindow, *, by_value: bool, limit: int) -> list[Row]:
    """The items with the greatest sales a day, by value or by number (`weight`), the greatest first.

    Pairs go by value alone, in their market's currency: units of different things are not compared.
    """
    value = "turnover_per_day" if scope.pairs else "price::float8 / price_scale * volume_per_day"
    weight = f"CASE WHEN %(by_value)s THEN {value} ELSE {'NULL' if scope.pairs else 'volume_per_day'} END"
    return database.rows(
        f"WITH line AS ({scope.line}), weighed AS (SELECT line.*, {weight} AS weight FROM line)"
        " SELECT * FROM weighed WHERE weight > 0 AND percent_change IS NOT NULL ORDER BY weight DESC, item_id LIMIT %(limit)s",
        scope.parameters | {"by_value": by_value, "limit": limit},
    )


def size(database: Database, scope: MarketWindow) -> Row:
    """How many items have a price, and from how many sources."""
    prices = "tickers l JOIN items i ON i.id = l.item_id AND i.reference_source = l.source"
    if not scope.pairs:
        prices = "price_latest l JOIN items i ON i.id = l.item_id"
    found = database.row(
        f"SELECT count(DISTINCT l.item_id) AS items, count(DISTINCT l.source) AS sources FROM {prices} WHERE i.market = %s",
        [scope.market],
    )
    return found or {"items": 0, "sources": 0}
