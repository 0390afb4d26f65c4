"""Transaction import: checks transactions against the stored ones, then stores all or none."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, time
from typing import Any

import psycopg

from app.analytics.portfolio.ledger import OversoldError
from app.portfolio.files.item_names import Names
from app.portfolio.files.transactions_csv import BadLine, Preview
from app.portfolio.ledger import make_ledger, read_rates
from app.portfolio.transaction_limits import violation
from db.core.pool import LONG_TIMEOUT, Database, Row
from db.portfolio import portfolios, transactions
from db.portfolio.transactions import Transaction

SHOWN = 50
MOST_CONTRADICTIONS = 20
"""So many lines that give away too much are looked for one by one."""
FIELDS = tuple(Transaction.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Partition:
    """Which transactions, by position, are new, and which are there already."""

    fresh: list[int]
    known: list[int]


def partition_known(news: Sequence[Transaction], existing: Sequence[Row]) -> Partition:
    """Tell new transactions from existing ones.

    One with a reference is known by it. Others are known by all that they say, as often as they exist: of two equal
    ones where one exists, one is new. So files may come again, in any order, and together give the same state.
    """
    left = Counter(_identity({name: row[name] for name in FIELDS}) for row in existing)
    fresh, known = [], []
    for at, transaction in enumerate(news):
        identity = _identity(_row(transaction))
        if left[identity] > 0:
            known.append(at)
            left[identity] -= transaction.external_id is None
        else:
            fresh.append(at)
            left[identity] += transaction.external_id is not None
    return Partition(fresh, known)


def check(database: Database, portfolio: Row, news: Sequence[Transaction]) -> tuple[int, str] | None:
    """Which of the new transactions, by position, gives away more than is held, and how; None if none does.

    A contradiction that was there before is not theirs: it is reported at -1.
    """
    known = transactions.every(database, portfolio["user_id"], portfolio["id"])
    rows = known + [{"id": -at - 1, **_row(transaction)} for at, transaction in enumerate(news)]
    rows.sort(key=lambda row: row["time"])
    try:
        make_ledger(rows, portfolio, read_rates(database, rows, portfolio["currency"]))
    except OversoldError as error:
        name = next(row["market_hash_name"] for row in rows if row["id"] == error.entry_id)
        message = f"gives away {error.sold} of {name}, but only {error.held} are held at that time"
        return (-error.entry_id - 1 if error.entry_id < 0 else -1), message
    return None


def named(
    database: Database, news: Sequence[Transaction], renames: Mapping[str, str] | None = None
) -> list[Transaction]:
    """The transactions, each with its item's own name where one is known for it."""
    names = Names(database, {one.market_hash_name for one in news if one.market_hash_name}, renames)
    return [one if one.market_hash_name is None else _renamed(one, names) for one in news]


def preview(
    database: Database, portfolio: Row, found: Preview, *, renames: Mapping[str, str] | None = None, again: bool = False
) -> dict[str, Any]:
    """What an import of a file would do, with each bad line named; nothing is kept.

    `again`: what exists already is taken once more, but for what has a reference.
    """
    names = Names(database, {one.market_hash_name for one in found.transactions if one.market_hash_name}, renames)
    news = [one if one.market_hash_name is None else _renamed(one, names) for one in found.transactions]
    existing = transactions.every(database, portfolio["user_id"], portfolio["id"])
    parted = partition_known(news, _counted(database, existing, again=again))
    good, wrong = sound(database, portfolio, news, parted.fresh)
    bad = found.bad + [BadLine(found.lines[at] if at >= 0 else 0, message) for at, message in wrong]
    lines: dict[str, list[int]] = {}
    for one, line in zip(found.transactions, found.lines, strict=True):
        if one.market_hash_name:
            lines.setdefault(one.market_hash_name, []).append(line)
    return {
        "transactions": len(news),
        "new": len(parted.fresh),
        "good": len(good),
        "known": len(parted.known),
        "known_lines": [found.lines[at] for at in parted.known],
        "names": names.as_json(lines),
        "encoding": found.encoding,
        "delimiter": found.delimiter,
        "bad_lines": [{"line": one.line, "message": one.message} for one in sorted(bad, key=lambda one: one.line)],
        "first": [_row(news[at]) for at in parted.fresh[:SHOWN]],
        "known_first": [_row(news[at]) for at in parted.known[:SHOWN]],
        "columns": found.places.as_json(),
    }


def sound(
    database: Database, portfolio: Row, news: Sequence[Transaction], fresh: Sequence[int]
) -> tuple[list[int], list[tuple[int, str]]]:
    """Which of the `fresh` ones, by position, can be taken together, and what is wrong with each other one.

    A contradiction of what is stored already stands at -1; then none can be taken.
    """
    now = datetime.now(UTC)
    bad = [(at, wrong[1]) for at in fresh if (wrong := violation(news[at], now))]
    refused = {at for at, _ in bad}
    good = [at for at in fresh if at not in refused]
    for _ in range(MOST_CONTRADICTIONS):
        contradiction = check(database, portfolio, [news[at] for at in good])
        if contradiction is None:
            return good, bad
        place, message = contradiction
        bad.append((good.pop(place), message) if place >= 0 else (-1, message))
        if place < 0:
            return [], bad
    bad.append((-1, "more lines give away more than is held; the rest was not looked at"))
    return [], bad


def fresh(database: Database, portfolio: Row, news: Sequence[Transaction], *, again: bool = False) -> list[int]:
    """Which of the transactions, by position, an import would add."""
    existing = transactions.every(database, portfolio["user_id"], portfolio["id"])
    return partition_known(news, _counted(database, existing, again=again)).fresh


def take(
    database: Database,
    portfolio: Row,
    news: Sequence[Transaction],
    *,
    again: bool = False,
    done: Callable[[psycopg.Connection, int], object] | None = None,
) -> int:
    """Keep the transactions that are new, all or none; returns how many were, and tells `done` in the same transaction."""
    user_id, number = portfolio["user_id"], portfolio["id"]
    with database.connection(answer_within=LONG_TIMEOUT) as connection, connection.transaction():
        portfolios.lock(connection, user_id)
        existing = transactions.every_in(connection, user_id, number)
        added = partition_known(news, _counted(database, existing, again=again)).fresh
        count = transactions.add(connection, user_id, number, [news[at] for at in added])
        if done:
            done(connection, count)
        return count


def _counted(database: Database, existing: Sequence[Row], *, again: bool) -> list[Row]:
    """What new ones are compared with; a name that no item was known for may have got one since."""
    names = Names(
        database, {row["market_hash_name"] for row in existing if row["market_hash_name"] and not row["item_id"]}
    )
    return [
        {**row, "market_hash_name": names.of(row["market_hash_name"])} if row["market_hash_name"] else row
        for row in existing
        if row["external_id"] is not None or not again
    ]


def _identity(row: Row) -> tuple[Any, ...]:
    """What a transaction is known by. A day without a time counts as its midnight: older versions stored it so, as timed."""
    if row["external_id"] is not None:
        return (row["external_id"],)
    midnight = row["time"].astimezone(UTC).time() == time.min
    return tuple((row | {"timed": row["timed"] and not midnight}).values())


def _renamed(transaction: Transaction, names: Names) -> Transaction:
    return replace(transaction, market_hash_name=names.of(transaction.market_hash_name or ""))


def _row(transaction: Transaction) -> Row:
    return dict(zip(FIELDS, astuple(transaction), strict=True))
