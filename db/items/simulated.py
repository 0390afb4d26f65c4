"""Simulated sources: no reference of any item once a real source has quoted.

Callers say which sources are simulated: `app.providers.sources.SIMULATED`.
"""

from collections.abc import Sequence

import psycopg

from db.core.pool import Database


def may_be_reference(database: Database, names: Sequence[str]) -> bool:
    """Whether simulated sources may speak for items: they have prices, and no real source has any."""
    row = database.row(SPEAK, [list(names), list(names)])
    return bool(row and row["speak"])


def left(database: Database, names: Sequence[str]) -> list[str]:
    """Simulated sources that are used no more: they have no newest price, only a history that may stay."""
    rows = database.rows(LEFT, [list(names)])
    return [row["source"] for row in rows]


def drop_as_reference(connection: psycopg.Connection, names: Sequence[str]) -> int:
    """Let them speak for no item any more; returns how many items lose their headline price by it.

    Pairs are no such items: a simulated exchange runs only where no real one does.
    """
    with connection.transaction():
        connection.execute(
            "UPDATE item_metrics m SET reference = false WHERE reference AND source = ANY(%s)"
            " AND NOT EXISTS (SELECT FROM symbols s WHERE s.item_id = m.item_id)",
            [list(names)],
        )
        return connection.execute(
            "UPDATE items i SET reference_source = NULL WHERE reference_source = ANY(%s)"
            " AND NOT EXISTS (SELECT FROM symbols s WHERE s.item_id = i.id)",
            [list(names)],
        ).rowcount


def forget_simulated(connection: psycopg.Connection, names: Sequence[str]) -> int:
    """Forget the newest prices and the measures of simulated sources, which are used no more; their history stays.

    Returns how many prices are gone.
    """
    with connection.transaction():
        connection.execute("UPDATE items SET reference_source = NULL WHERE reference_source = ANY(%s)", [list(names)])
        connection.execute("DELETE FROM item_metrics WHERE source = ANY(%s)", [list(names)])
        return connection.execute("DELETE FROM price_latest WHERE source = ANY(%s)", [list(names)]).rowcount


LEFT = """
SELECT source FROM unnest(%s::text[]) source WHERE NOT EXISTS (SELECT FROM price_latest l WHERE l.source = source.source)
"""
SPEAK = """
SELECT EXISTS (SELECT FROM price_latest WHERE source = ANY(%s)) AND NOT EXISTS (SELECT FROM price_latest WHERE NOT source = ANY(%s)) AS speak
"""
