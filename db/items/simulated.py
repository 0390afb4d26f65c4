"""Simulated sources: once a real source has quoted, they are no reference for any item."""

import psycopg

from db.core.pool import Database
from db.items.sources import SIMULATED


def may_be_reference(database: Database) -> bool:
    """Whether simulated sources may speak for items: they have prices, and no real source has any."""
    row = database.row(SPEAK, [list(SIMULATED), list(SIMULATED)])
    return bool(row and row["speak"])


def drop_as_reference(connection: psycopg.Connection) -> int:
    """Let them speak for no item any more; returns how many items lose their headline price by it."""
    with connection.transaction():
        connection.execute(
            "UPDATE item_metrics SET reference = false WHERE reference AND source = ANY(%s)", [list(SIMULATED)]
        )
        return connection.execute(
            "UPDATE items SET reference_source = NULL WHERE reference_source = ANY(%s)", [list(SIMULATED)]
        ).rowcount


def forget_simulated(connection: psycopg.Connection) -> int:
    """Forget the newest prices and the measures of simulated sources, which are used no more; their history stays.

    Returns how many prices are gone.
    """
    with connection.transaction():
        drop_as_reference(connection)
        connection.execute("DELETE FROM item_metrics WHERE source = ANY(%s)", [list(SIMULATED)])
        return connection.execute("DELETE FROM price_latest WHERE source = ANY(%s)", [list(SIMULATED)]).rowcount


SPEAK = """
SELECT EXISTS (SELECT FROM price_latest WHERE source = ANY(%s)) AND NOT EXISTS (SELECT FROM price_latest WHERE NOT source = ANY(%s)) AS speak
"""
