"""Portfolios that an older version stored: after the upgrade they earn, and files find their rows, as before."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from yoyo import get_backend, read_migrations
from yoyo.migrations import MigrationList

from app.portfolio.files.transaction_import import preview, take
from app.portfolio.files.transactions_csv import read_csv
from db.core import migrate
from db.core.pool import Database
from db.portfolio import portfolios, transactions
from jobs.valuation import Valuation
from tests.portfolio.conftest import add_person
from tests.portfolio.shop import AK, CASE, FEES, KNIFE, NOW, Shop

LAST = "0008_measures_written_whole"
FILE = f"date,type,item,quantity,price\n2024-01-01,buy,{AK},2,1.00\n2024-02-01T10:00:00Z,buy,{AK},1,1.10\n".encode()


@pytest.fixture
def old(database_url: str) -> Iterator[Database]:
    """A database whose newest migration is `LAST`."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS public, tasks CASCADE")
        connection.execute("CREATE SCHEMA public")
    backend = get_backend(migrate.yoyo_url(database_url))
    known = [one for one in read_migrations(str(migrate.FOLDER)) if one.id <= LAST]
    backend.apply_migrations(backend.to_apply(MigrationList(known)))
    backend.connection.close()
    pool = Database(database_url, size=2)
    yield pool
    pool.close()


def portfolio_of(old: Database, user_id: int) -> int:
    """The user's main portfolio, as the old version made it."""
    row = old.row(
        "INSERT INTO portfolios (user_id, name) VALUES (%s, %s) RETURNING id", [user_id, portfolios.DEFAULT_NAME]
    )
    assert row is not None
    return int(row["id"])


def hold(old: Database, price_source: str, *held: tuple[int, int, bool]) -> int:
    """A portfolio as the old version stored it: its holdings as purchases, valued at 10.00; each (item, quantity, priced)."""
    number = portfolio_of(old, add_person(old, None).id)
    old.execute(
        "UPDATE portfolios SET price_source = %s, changed_at = %s WHERE id = %s",
        [price_source, NOW - timedelta(days=9), number],
    )
    for item, quantity, priced in held:
        old.execute(
            "INSERT INTO portfolio_transactions (portfolio_id, time, kind, market_hash_name, item_id, quantity, price, currency)"
            " SELECT %s, %s, 'buy', market_hash_name, id, %s, 500, 'USD' FROM items WHERE id = %s",
            [number, NOW - timedelta(days=9), quantity, item],
        )
        old.execute("INSERT INTO portfolio_positions VALUES (%s, %s, %s, %s)", [number, item, quantity, priced])
    old.execute(
        "INSERT INTO portfolio_state (portfolio_id, time, currency, price_source, value, growth, deposits, withdrawals)"
        " VALUES (%s, %s, 'USD', %s, 1000, 1.5, 800, 0)",
        [number, NOW, price_source],
    )
    old.execute("INSERT INTO portfolio_snapshots VALUES (%s, %s, 'USD', 1000, 1.5, 800, 0, 1, 0)", [number, NOW])
    return number


def sources(database: Database) -> dict[tuple[int, int], str | None]:
    rows = database.rows("SELECT portfolio_id, item_id, source FROM portfolio_positions")
    return {(row["portfolio_id"], row["item_id"]): row["source"] for row in rows}


def test_positions_earn_what_their_price_moved(old: Database) -> None:
    shop = Shop(old)
    ak, case, knife = shop.item(AK), shop.item(CASE, "skinport"), shop.item(KNIFE, None)
    for item, source in ((ak, "steam"), (ak, "skinport"), (case, "skinport")):
        shop.price(item, 1000, source)
    reference = hold(old, "reference", (ak, 1, True), (knife, 3, False))
    named = hold(old, "skinport", (case, 1, True))
    best = hold(old, "best", (ak, 1, True))
    assert migrate.upgrade(old.url) == [name for name in migrate.names() if name > LAST]
    assert sources(old) == {
        (reference, ak): "steam", (reference, knife): None, (named, case): "skinport", (best, ak): None,
    }  # fmt: skip
    later = NOW + timedelta(minutes=5)
    for item, source in ((ak, "steam"), (ak, "skinport"), (case, "skinport")):
        shop.price(item, 1100, source, later)
    Valuation(old, FEES).run(later)
    rows = old.rows("SELECT * FROM portfolio_snapshots WHERE time = %s ORDER BY portfolio_id", [later])
    assert [(row["portfolio_id"], row["value"], row["deposits"], row["withdrawals"]) for row in rows] == [
        (number, 1100, 800, 0) for number in (reference, named, best)
    ]
    assert [row["growth"] for row in rows] == pytest.approx([1.65] * 3)
    assert sources(old)[best, ak] == "skinport"  # 8 % less leave more than Steam's share
    assert [row["simulated"] for row in old.rows("SELECT simulated FROM portfolio_snapshots")] == [False] * 6


@pytest.mark.parametrize(("source", "simulated"), [("demo", True), ("steam", False)])
def test_valuations_of_an_invented_market_are_told_apart(old: Database, source: str, *, simulated: bool) -> None:
    shop = Shop(old)
    ak = shop.item(AK, source)
    shop.price(ak, 1000, source)
    hold(old, "reference", (ak, 1, True))
    migrate.upgrade(old.url)
    assert [row["simulated"] for row in old.rows("SELECT simulated FROM portfolio_snapshots")] == [simulated]


def test_a_file_finds_the_days_that_were_stored_as_midnights(old: Database) -> None:
    person = add_person(old, None)
    number = portfolio_of(old, person.id)
    for time, quantity, price in (
        (datetime(2024, 1, 1, tzinfo=UTC), 2, 100),
        (datetime(2024, 2, 1, 10, tzinfo=UTC), 1, 110),
    ):
        old.execute(
            "INSERT INTO portfolio_transactions (portfolio_id, time, kind, market_hash_name, quantity, price, currency)"
            " VALUES (%s, %s, 'buy', %s, %s, %s, 'USD')",
            [number, time, AK, quantity, price],
        )
    migrate.upgrade(old.url)
    mine = portfolios.default(old, person.id)
    found = read_csv(FILE, currency="USD")
    assert [one.timed for one in found.transactions] == [False, True]
    told = preview(old, mine, found)
    assert (told["new"], told["known_lines"]) == (0, [2, 3])
    assert take(old, mine, found.transactions) == 0
    twice = [*found.transactions, found.transactions[0]]  # two equal rows in one file are two
    assert take(old, mine, twice) == 1
    assert take(old, mine, twice) == 0
    assert [row["quantity"] for row in transactions.every(old, mine["user_id"], mine["id"])] == [2, 2, 1]
