"""Portfolios: every query names the owner, so another user's portfolio does not exist for it."""

from typing import Any

import psycopg
from psycopg.rows import dict_row

from db.core.pool import Database, Row

DEFAULT_NAME = "My portfolio"
SAMPLE_NAME = "Sample portfolio"
COLUMNS = "id, user_id, name, currency, price_source, cost_method, includes_steam, sample, created_at, changed_at"


def default(database: Database, user_id: int) -> Row:
    """The portfolio that the Steam inventory counts in; made on first sight."""
    found = database.row(f"SELECT {COLUMNS} FROM portfolios WHERE user_id = %s AND includes_steam", [user_id])
    if found is None:
        database.execute(
            "INSERT INTO portfolios (user_id, name, includes_steam) VALUES (%s, %s, true) ON CONFLICT DO NOTHING",
            [user_id, DEFAULT_NAME],
        )
        found = database.row(f"SELECT {COLUMNS} FROM portfolios WHERE user_id = %s AND includes_steam", [user_id])
    if found is None:  # a portfolio of that name exists without the inventory: it takes it
        database.execute(
            "UPDATE portfolios SET includes_steam = true, changed_at = now() WHERE user_id = %s AND name = %s",
            [user_id, DEFAULT_NAME],
        )
        return default(database, user_id)
    return found


def every(database: Database, user_id: int) -> list[Row]:
    """All portfolios of a user, the one with the Steam inventory first."""
    return database.rows(
        f"SELECT {COLUMNS} FROM portfolios WHERE user_id = %s ORDER BY includes_steam DESC, id", [user_id]
    )


def one(database: Database, user_id: int, portfolio_id: int) -> Row | None:
    """A portfolio, if it is this user's."""
    return database.row(f"SELECT {COLUMNS} FROM portfolios WHERE user_id = %s AND id = %s", [user_id, portfolio_id])


def create(database: Database, user_id: int, name: str, currency: str) -> Row | None:
    """A new portfolio; None where the user has one of that name."""
    return database.row(
        "INSERT INTO portfolios (user_id, name, currency) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
        f" RETURNING {COLUMNS}",
        [user_id, name, currency],
    )


def sample(database: Database, user_id: int) -> Row | None:
    """The user's sample portfolio, if there is one."""
    return database.row(f"SELECT {COLUMNS} FROM portfolios WHERE user_id = %s AND sample", [user_id])


def create_sample(connection: psycopg.Connection, user_id: int) -> Row | None:
    """A new, empty sample portfolio, under the first free name; None where the user has one."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(CREATE_SAMPLE, {"user": user_id, "name": SAMPLE_NAME}).fetchone()


def change(database: Database, user_id: int, portfolio_id: int, **values: Any) -> Row | None:
    """Set name, currency, price_source or cost_method where one is given; None where there is no such portfolio."""
    return database.row(
        "UPDATE portfolios SET name = coalesce(%s, name), currency = coalesce(%s, currency),"
        " price_source = coalesce(%s, price_source), cost_method = coalesce(%s, cost_method), changed_at = now()"
        f" WHERE user_id = %s AND id = %s RETURNING {COLUMNS}",
        [
            values.get("name"),
            values.get("currency"),
            values.get("price_source"),
            values.get("cost_method"),
            user_id,
            portfolio_id,
        ],
    )


def delete(database: Database, user_id: int, portfolio_id: int) -> bool:
    """Delete a portfolio and all that belongs to it; the one with the Steam inventory stays."""
    return bool(
        database.execute(
            "DELETE FROM portfolios WHERE user_id = %s AND id = %s AND NOT includes_steam", [user_id, portfolio_id]
        )
    )


def lock(connection: psycopg.Connection, user_id: int) -> None:
    """Be the only one to change what a user holds until the transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('portfolio'), %s)", [user_id])


def touch(connection: psycopg.Connection, portfolio_id: int) -> None:
    """What is held changed: the next valuation looks again."""
    connection.execute("UPDATE portfolios SET changed_at = clock_timestamp() WHERE id = %s", [portfolio_id])


def touch_steam(connection: psycopg.Connection, user_id: int) -> None:
    """The same for the portfolio that the user's Steam inventory counts in."""
    connection.execute(
        "UPDATE portfolios SET changed_at = clock_timestamp() WHERE user_id = %s AND includes_steam", [user_id]
    )


def steam_id(database: Database, user_id: int) -> str | None:
    """The Steam account that a user has linked."""
    row = database.row("SELECT subject FROM user_identities WHERE user_id = %s AND provider = 'steam'", [user_id])
    return row["subject"] if row else None


def sources(database: Database) -> list[str]:
    """Sources that quote anything; what `price_source` may name."""
    return [row["source"] for row in database.rows("SELECT DISTINCT source FROM price_latest ORDER BY source")]


def last_import(database: Database, user_id: int) -> Row | None:
    """The last import's time and figures."""
    return database.row("SELECT * FROM user_portfolio_imports WHERE user_id = %s", [user_id])


# Ten names are tried: somebody may have called a portfolio so.
CREATE_SAMPLE = f"""
INSERT INTO portfolios (user_id, name, sample)
SELECT %(user)s, n.name, true
FROM (SELECT %(name)s || CASE number WHEN 1 THEN '' ELSE ' ' || number END AS name, number FROM generate_series(1, 10) number) n
WHERE NOT EXISTS (SELECT FROM portfolios p WHERE p.user_id = %(user)s AND p.name = n.name)
ORDER BY n.number LIMIT 1 ON CONFLICT DO NOTHING RETURNING {COLUMNS}
"""
