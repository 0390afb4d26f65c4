"""Currency rates: exchange rates by source, currency and day."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import psycopg

from db.core.pool import Database, Row

TABLE: Final = "table"
"""The source of rates that come from a table of the owner's own (TRACERA_RATES_TABLE): they go before all others."""
DOLLAR_TOKENS: Final = ("USDT", "USDC", "FDUSD")
"""Coins that are counted as a US dollar each (decision 0053): pairs are quoted in them, and no source has a rate of theirs."""
MAX_GAP: Final = 14
"""Days that a rate holds where its source goes on without the currency: longer than any run of holidays."""


def store(connection: psycopg.Connection, source: str, rates: Mapping[tuple[str, date], int]) -> int:
    """Keep rates (millionths of the currency for a dollar) by currency and day; a day's rate is replaced.

    What a table of one's own says stays. Returns how many were stored.
    """
    keys = list(rates)
    return connection.execute(
        "INSERT INTO currency_rates (currency, day, millionths, source)"
        " SELECT *, %s FROM unnest(%s::text[], %s::date[], %s::bigint[])"
        " ON CONFLICT (currency, day) DO UPDATE SET millionths = excluded.millionths, source = excluded.source, fetched_at = now()"
        " WHERE currency_rates.source <> 'table' OR excluded.source = 'table'",
        [source, [key[0] for key in keys], [key[1] for key in keys], [rates[key] for key in keys]],
    ).rowcount


def replace_table(connection: psycopg.Connection, rates: Mapping[tuple[str, date], int]) -> int:
    """Put a table of one's own in the place of the last one; returns how many rates it has."""
    with connection.transaction():
        connection.execute("DELETE FROM currency_rates WHERE source = 'table'")
        return store(connection, TABLE, rates)


def span(database: Database, source: str) -> tuple[date, date] | None:
    """The first and last day that a source's rates are stored of."""
    row = database.row("SELECT min(day) AS first, max(day) AS last FROM currency_rates WHERE source = %s", [source])
    return (row["first"], row["last"]) if row and row["first"] else None


def latest(database: Database) -> list[Row]:
    """The newest rate of every currency that its source still gives, with its day and source."""
    return database.rows(LATEST, {"gap": MAX_GAP, "table": TABLE})


def millionths(database: Database) -> dict[str, int]:
    """The newest rates by currency: millionths of it for a dollar."""
    return {row["currency"]: row["millionths"] for row in latest(database)}


def rates_of_items(database: Database) -> dict[str, int]:
    """The newest rates of what items and pairs are quoted in: `millionths`, and those of coins that count as a dollar."""
    return {**millionths(database), **dict.fromkeys(DOLLAR_TOKENS, 1_000_000)}


def age(database: Database) -> float | None:
    """Seconds since rates were fetched last; None where there are none. A table of one's own is not fetched."""
    row = database.row(
        "SELECT extract(epoch FROM now() - max(fetched_at))::float8 AS age FROM currency_rates WHERE source <> %s",
        [TABLE],
    )
    return row["age"] if row else None


def needed(database: Database) -> bool:
    """Whether any portfolio is in another currency than US dollars."""
    row = database.row(
        "SELECT EXISTS (SELECT FROM portfolios WHERE currency <> 'USD')"
        " OR EXISTS (SELECT FROM portfolio_transactions WHERE currency <> 'USD') AS needed"
    )
    return bool(row and row["needed"])


def since(database: Database, currencies: Sequence[str], first: date) -> list[Row]:
    """Rates of some currencies from the one that held on `first` on, by currency and day, oldest first."""
    return database.rows(
        "SELECT currency, day, millionths, source, n.newest FROM currency_rates r"
        " JOIN (SELECT source, max(day) AS newest FROM currency_rates GROUP BY source) n USING (source)"
        " WHERE currency = ANY(%s) AND day >= coalesce("
        " (SELECT max(day) FROM currency_rates k WHERE k.currency = r.currency AND k.day <= %s), %s) ORDER BY currency, day",
        [list(currencies), first, first],
    )


# Step by step along the key: the full history has hundreds of rates for each that is wanted.
LATEST = """
WITH RECURSIVE codes AS (
    SELECT min(currency) AS currency FROM currency_rates
    UNION ALL
    SELECT (SELECT min(currency) FROM currency_rates r WHERE r.currency > c.currency) FROM codes c WHERE c.currency IS NOT NULL
), last AS (
    SELECT r.* FROM codes c CROSS JOIN LATERAL (
        SELECT currency, day, millionths, source FROM currency_rates r WHERE r.currency = c.currency ORDER BY day DESC LIMIT 1) r
), ended AS (SELECT source, max(day) - %(gap)s AS day FROM last GROUP BY source)
SELECT l.currency, l.day, l.millionths, l.source
FROM last l JOIN ended e USING (source) WHERE l.day >= e.day OR l.source = %(table)s ORDER BY currency
"""
