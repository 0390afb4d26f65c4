"""Transaction changes: puts another transaction in the place of one, where the portfolio allows it."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from psycopg.errors import UniqueViolation

from app.analytics.portfolio.ledger import OversoldError
from app.portfolio.files.transaction_import import named
from app.portfolio.ledger import ExchangeRates, make_ledger
from app.portfolio.transaction_limits import violation
from db.core.pool import LONG_TIMEOUT, Database, Row
from db.portfolio import portfolios, transactions
from db.portfolio.transactions import Transaction


class ChangeRefusedError(ValueError):
    """A transaction cannot be what it was to become; `field` is what is wrong with it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def change(database: Database, portfolio: Row, transaction_id: int, news: Transaction, now: datetime) -> Row | None:
    """The changed transaction; None where the portfolio has none of that id.

    Raises:
        ChangeRefusedError: it lies in the future, is too large, has another's reference, or more would be given away than is
            held. What contradicted itself before may be changed all the same: that is how it is mended.
    """
    if wrong := violation(news, now):
        raise ChangeRefusedError(*wrong)
    (news,) = named(database, [news])
    user_id, number = portfolio["user_id"], portfolio["id"]
    with database.connection(answer_within=LONG_TIMEOUT) as connection, connection.transaction():
        portfolios.lock(connection, user_id)
        before = transactions.every_in(connection, user_id, number)
        after = [{**row, **asdict(news)} if row["id"] == transaction_id else row for row in before]
        after.sort(key=lambda row: row["time"])
        wrong_now = contradiction(after, portfolio)
        if wrong_now and contradiction(before, portfolio) is None:
            raise ChangeRefusedError("quantity", wrong_now)
        try:
            return transactions.replace(connection, user_id, number, transaction_id, news)
        except UniqueViolation:
            raise ChangeRefusedError(
                "external_id", "another transaction of this portfolio has this reference"
            ) from None


def contradiction(rows: Sequence[Row], portfolio: Row) -> str | None:
    """What gives away more than is held in transactions, oldest first; None if nothing does."""
    try:
        make_ledger(rows, portfolio, ExchangeRates([]))  # units count without a rate, too
    except OversoldError as error:
        row = next(row for row in rows if row["id"] == error.entry_id)
        name, day = row["market_hash_name"], f"{row['time']:%Y-%m-%d}"
        return f"on {day} {error.sold} of {name} would be given away, but only {error.held} held"
    return None
