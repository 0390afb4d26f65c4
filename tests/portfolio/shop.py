"""Items, prices and portfolios, set by hand."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from db.core.pool import Database, Row
from db.portfolio import transactions
from db.portfolio.holdings import Asset, replace
from db.portfolio.transactions import Transaction

if TYPE_CHECKING:
    from tests.portfolio.conftest import Person

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AK, CASE, KNIFE = "AK-47 | Redline (Field-Tested)", "Glove Case", "★ Karambit | Doppler (Factory New)"
FEES = {"skinport": 800}


class Shop:
    """Items and prices, set by hand."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def item(self, name: str, reference: str | None = "steam") -> int:
        row = self.database.row(
            "INSERT INTO items (market, market_hash_name, match_key, slug, reference_source) VALUES ('steam:730', %s, %s, %s, %s) RETURNING id",
            [name, name.casefold(), name, reference],
        )
        assert row
        return int(row["id"])

    def price(self, item: int, price: int, source: str = "steam", at: datetime = NOW) -> None:
        self.database.execute(
            "INSERT INTO price_latest (item_id, source, time, stored_time, price) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (item_id, source) DO UPDATE SET price = excluded.price, time = excluded.time",
            [item, source, at, at, price],
        )

    def yesterday(self, item: int, price: int, base: int, source: str = "steam", window: str = "24h") -> None:
        """Measures of a source: its last close, and the one before the window."""
        self.database.execute(
            'INSERT INTO item_metrics (item_id, source, "window", reference, last_price, percent_change, samples, coverage,'
            " as_of, computed_at) VALUES (%s, %s, %s, true, %s, %s, 24, 1, %s, %s)",
            [item, source, window, price, (price / base - 1) * 100, NOW, NOW],
        )

    def closed(self, item: int, price: int, at: datetime, table: str = "price_1h") -> None:
        self.database.execute(
            f"INSERT INTO {table} VALUES (%s, 'steam', %s, %s, %s, %s, %s, %s, 0, 10, false, 1, %s, %s, null)",  # noqa: S608
            [item, at, price, price, price, price, float(price), at, at],
        )


def own(database: Database, person: "Person", *held: tuple[str, int]) -> None:
    assets = [Asset(str(number), name, quantity) for number, (name, quantity) in enumerate(held)]
    with database.connection() as connection:
        replace(connection, person.id, person.steam_id, assets, hidden=0, now=NOW)


def add(database: Database, mine: Row, *news: Transaction) -> None:
    with database.connection() as connection:
        transactions.add(connection, mine["user_id"], mine["id"], news)
