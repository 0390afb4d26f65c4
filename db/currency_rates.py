"""Exchange rates, each of its own day."""

from collections.abc import Mapping, Sequence
from datetime import date

import psycopg

from db.pool import Database, Row


def keep(connection: psycopg.Connection, source: str, rates: Mapping[tuple[str, date], int]) -> int:
    """Keep rates (millionths of the currency for a dollar) by currency and day; a day's rate is replaced. Returns how many."""
    keys = list(rates)
    return connection.execute(
        "INSERT INTO currency_rates (currency, day, millionths, source)"
        " SELECT *, %s FROM unnest(%s::text[], %s::date[], %s::bigint[])"
        " ON CONFLICT (currency, day) DO UPDATE SET millionths = excluded.millionths, source = excluded.source, fetched_at = now()",
        [source, [key[0] for key in keys], [key[1] for key in keys], [rates[key] for key in keys]],
    ).rowcount


def latest(database: Database) -> list[Row]:
    """The newest rate of every currency, with its day and source."""
    return database.rows(
        "SELECT DISTINCT ON (currency) currency, day, millionths, source FROM currency_rates ORDER BY currency, day DESC"
    )


def millionths(database: Database) -> dict[str, int]:
    """The newest rates by currency: millionths of it for a dollar."""
    return {row["currency"]: row["millionths"] for row in latest(database)}


def newest_day(database: Database) -> date | None:
    """The day of the newest rates."""
    row = database.row("SELECT max(day) AS day FROM currency_rates")
    return row["day"] if row else None


def age(database: Database) -> float | None:
    """Seconds since rates were fetched last; None where there are none."""
    row = database.row("SELECT extract(epoch FROM now() - max(fetched_at))::float8 AS age FROM currency_rates")
    return row["age"] if row else None


def needed(database: Database) -> bool:
    """Whether anybody counts in another currency than US dollars."""
    row = database.row(
        "SELECT EXISTS (SELECT FROM portfolios WHERE currency <> 'USD')"
        " OR EXISTS (SELECT FROM portfolio_transactions WHERE currency <> 'USD') AS needed"
    )
    return bool(row and row["needed"])


def since(database: Database, currencies: Sequence[str], first: date) -> list[Row]:
    """Rates of some currencies from the one that held on `first` on, by currency and day, oldest first."""
    return database.rows(
        "SELECT currency, day, millionths FROM currency_rates r WHERE currency = ANY(%s) AND day >= coalesce("
        " (SELECT max(day) FROM currency_rates k WHERE k.currency = r.currency AND k.day <= %s), %s) ORDER BY currency, day",
        [list(currencies), first, first],
    )
