"""Transactions on their way in: checked against what is there, then all of them or none."""

from collections.abc import Sequence
from typing import Any

from app.analytics.portfolio.ledger import OversoldError
from app.portfolio.books import make_ledger, read_rates
from app.portfolio.csv_files import BadLine, Preview
from db import portfolio_transactions
from db.pool import LONG, Database, Row
from db.portfolio_transactions import Transaction

SHOWN = 50


def check(database: Database, portfolio: Row, news: Sequence[Transaction]) -> tuple[int, str] | None:
    """Which of the new transactions, by position, gives away more than is held, and how; None if none does.

    A contradiction that was there before is not theirs: it is reported at -1.
    """
    known = portfolio_transactions.every(database, portfolio["user_id"], portfolio["id"])
    ids = {row["external_id"] for row in known if row["external_id"]}
    rows = known + [
        {"id": -at - 1, **_row(transaction)}
        for at, transaction in enumerate(news)
        if transaction.external_id not in ids
    ]
    rows.sort(key=lambda row: row["time"])
    try:
        make_ledger(rows, portfolio, read_rates(database, rows, portfolio["currency"]))
    except OversoldError as error:
        name = next(row["market_hash_name"] for row in rows if row["id"] == error.entry_id)
        message = f"gives away {error.sold} of {name}, but only {error.held} are held at that time"
        return (-error.entry_id - 1 if error.entry_id < 0 else -1), message
    return None


def preview(database: Database, portfolio: Row, found: Preview) -> dict[str, Any]:
    """What an import of a file would do, with each bad line named; nothing is kept."""
    bad = list(found.bad)
    contradiction = check(database, portfolio, found.transactions)
    if contradiction:
        at, message = contradiction
        bad.append(BadLine(found.lines[at] if at >= 0 else 0, message))
    return {
        "transactions": len(found.transactions),
        "encoding": found.encoding,
        "delimiter": found.delimiter,
        "bad_lines": [{"line": one.line, "message": one.message} for one in sorted(bad, key=lambda one: one.line)],
        "first": [_row(transaction) for transaction in found.transactions[:SHOWN]],
    }


def take(database: Database, portfolio: Row, news: Sequence[Transaction]) -> int:
    """Keep transactions, all or none; returns how many were new."""
    with database.connection(answer_within=LONG) as connection:
        return portfolio_transactions.add(connection, portfolio["user_id"], portfolio["id"], news)


def _row(transaction: Transaction) -> Row:
    return {name: getattr(transaction, name) for name in Transaction.__dataclass_fields__}
