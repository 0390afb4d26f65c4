"""The past: a portfolio's history replayed from its transactions over kept closes, of which only what changed is computed anew."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np

from app.analytics.arrays import Floats, Ints
from app.analytics.portfolio import replay as engine
from app.analytics.portfolio.ledger import Entry, Kind
from app.analytics.portfolio.pricing import BEST, LARGEST
from app.analytics.portfolio.replay import Course, Moves, Worth
from app.portfolio.ledger import Ledger, make_ledger, read_rates
from app.portfolio.past_prices import Grid, PastPrices, day_grid, hour_grid, midnight
from app.portfolio.valuation import Terms
from db.core.arrays import Array
from db.core.pool import LONG_TIMEOUT, Database, Row
from db.portfolio import past, transactions

MOST: Final = LARGEST + 1
"""More units than have a value in an array are as many as this."""
HOURLY_DAYS: Final = 7
"""So many days are shown by the hour; those before by the day."""
TRANSACTIONS, SNAPSHOTS = "transactions", "snapshots"
"""What a row of a history is from."""
Last = tuple[float, int, int]
"""Growth, deposits and withdrawals up to some day."""
START: Final[Last] = (1.0, 0, 0)


def read_past(
    database: Database,
    portfolio: Row,
    known: Row,
    ledger: Ledger,
    fees: Mapping[str, int],
    now: datetime,
    worth_now: Mapping[str, int | None],
    *,
    hours: bool = False,
) -> list[Row]:
    """A portfolio's history from its first transaction to now, oldest first, in rows as of its snapshots.

    `known` is how far the past is right (see `db.portfolio.past.opened`), read before the ledger was. `worth_now` is what the
    recorded units are worth by name. With `hours` the last days come by the hour; the figures are the same with and without.

    Raises:
        DatabaseDownError: not now.
    """
    if not ledger.entries:
        return []
    terms = Terms(portfolio["currency"], portfolio["price_source"], fees)
    today = now.astimezone(UTC).date()
    begin = _day(ledger.entries[0].time)
    days = bring_up_to_date(database, portfolio, known, ledger, fees, today)
    first = max(begin, today - timedelta(days=HOURLY_DAYS - 1)) if hours else today
    whole = days[days["day"] < first.toordinal()]
    grid = hour_grid(first, now) if hours else _until_now(today, now)
    course = _course(database, ledger, terms, grid, worth_now)
    last = START if not len(whole) else _last(whole[-1])
    rows = [_zero(begin), *(_row_of(day) for day in whole), *_rows(grid, course, last)]
    return [{**row, "currency": portfolio["currency"], "simulated": False, "basis": TRANSACTIONS} for row in rows]


def bring_up_to_date(
    database: Database, portfolio: Row, known: Row, ledger: Ledger, fees: Mapping[str, int], today: date
) -> Array:
    """The stored days before `today`, after those that changed or are missing were replayed; see `db.portfolio.past.COLUMNS`.

    What changed while it was replayed is not stored: the next one finds it changed.
    """
    yesterday, begin = today - timedelta(days=1), _day(ledger.entries[0].time)
    named = _named_terms(portfolio, fees)
    since = _since(known, named, begin)
    days = past.read(database, portfolio["id"], yesterday)
    if since > yesterday:
        return days
    before = days[days["day"] < since.toordinal()]
    terms = Terms(portfolio["currency"], portfolio["price_source"], fees)
    fresh = _replayed(database, ledger, terms, max(since, begin), yesterday, before)
    with database.connection(answer_within=LONG_TIMEOUT) as connection:
        past.write(connection, portfolio["id"], since, fresh, known["marks"], named, yesterday)
    return _joined(before, fresh)


def replay_portfolio(database: Database, portfolio: Row, fees: Mapping[str, int], now: datetime) -> None:
    """Bring the stored days of one portfolio up to date.

    Raises:
        OversoldError: its transactions contradict each other, so that there is nothing to replay.
    """
    known = past.opened(database, portfolio["id"])
    every = transactions.every(database, portfolio["user_id"], portfolio["id"])
    entries = [row for row in every if row["time"] <= now]
    ledger = make_ledger(entries, portfolio, read_rates(database, entries, portfolio["currency"]))
    if ledger.entries:
        bring_up_to_date(database, portfolio, known, ledger, fees, now.astimezone(UTC).date())


def moves_of(ledger: Ledger, columns: Floats) -> tuple[Moves, Ints]:
    """What a ledger's entries moved up to each column (its last second), and the fees that belong to no item, (m,)."""
    shape, count = (len(ledger.names), len(columns)), len(columns)
    units, paid, received, units_in, units_out, cost = (np.zeros(shape, dtype=np.int64) for _ in range(6))
    fees = np.zeros(count, dtype=np.int64)
    unknown, running = np.full(shape[0], count), dict[int, int]()
    columns_of = _columns_of(ledger.entries, columns)
    for entry in ledger.entries:
        at, out = columns_of[entry.id], entry.gain_of_units < 0
        if at == count:
            continue
        amount = _moved(entry)
        if entry.kind is Kind.FEE or entry.item is None:
            fees[at] += amount or 0
            continue
        cell = entry.item, at
        before = running.get(entry.item, 0)
        running[entry.item] = before + entry.gain_of_units
        units[cell] += min(running[entry.item], MOST) - min(before, MOST)
        if amount is None:
            (units_out if out else units_in)[cell] += min(abs(entry.quantity), MOST)
            unknown[entry.item] = min(unknown[entry.item], at)
        elif out:
            received[cell] += max(amount, 0)
            paid[cell] += max(-amount, 0)
        else:
            paid[cell] += amount
            cost[cell] += amount
    for part in ledger.matched.realised:
        if part.cost is not None and columns_of[part.entry_id] < count:
            cost[part.item, columns_of[part.entry_id]] -= part.cost
    for sums in (units, paid, received, units_in, units_out, cost):
        np.cumsum(sums, axis=1, out=sums)
    cost[np.arange(count) >= unknown[:, np.newaxis]] = engine.UNKNOWN
    return Moves(np.maximum(units, 0), paid, received, units_in, units_out, cost), np.cumsum(fees)


def _columns_of(entries: Sequence[Entry], columns: Floats) -> dict[int, int]:
    """By entry the first column that it is part of; of a day alone what goes out goes last, unless the day is not over."""
    moments = [
        entry.until
        if entry.until is not None and entry.gain_of_units < 0 and entry.until <= columns[-1]
        else entry.time
        for entry in entries
    ]
    places = np.searchsorted(columns, np.array(moments))
    return {entry.id: at for entry, at in zip(entries, places.tolist(), strict=True)}


def _moved(entry: Entry) -> int | None:
    """What an entry cost or brought after its fee; None where that is unknown, or more than arrays hold."""
    if entry.amount is None or entry.fee is None:
        return None
    amount = entry.amount + (-entry.fee if entry.gain_of_units < 0 else entry.fee)
    return amount if abs(amount) <= LARGEST else None


def _course(
    database: Database, ledger: Ledger, terms: Terms, grid: Grid, worth_now: Mapping[str, int | None] | None = None
) -> Course:
    moves, fees = moves_of(ledger, grid.columns)
    found = PastPrices(database, [ledger.ids.get(name, 0) for name in ledger.names], terms, grid)
    held = found.values(moves.held)
    if worth_now is not None:
        now = [worth_now.get(name) for name in ledger.names]
        held[:, -1] = [engine.UNKNOWN if value is None or value > LARGEST else value for value in now]
    came, went = (np.zeros_like(held) for _ in range(2))
    if engine.any_unknown(moves).any():
        came = found.values(moves.units_in - moves.units_in[:, grid.base])
        went = found.values(moves.units_out - moves.units_out[:, grid.base])
    return engine.replay(grid.base, moves, Worth(held, came, went, found.age), fees)


def _replayed(
    database: Database, ledger: Ledger, terms: Terms, first: date, last: date, before: Array
) -> dict[str, Array]:
    """Days from `first` to `last`, as `db.portfolio.past.COLUMNS`; `before` are those before."""
    if first > last:
        return {name: np.empty(0, dtype=kind.replace(">", "=")) for name, kind in past.COLUMNS.items()}
    grid = day_grid(first, last)
    course = _course(database, ledger, terms, grid)
    growth, deposits, withdrawals = _chained(grid, course, START if not len(before) else _last(before[-1]))
    days = first.toordinal() + np.arange((last - first).days + 1)
    summed = {"growth": growth, "deposits": deposits, "withdrawals": withdrawals}
    rest = {name: getattr(course, name) for name in past.COLUMNS if name != "day" and name not in summed}
    return {"day": days, **{name: column[1:] for name, column in {**summed, **rest}.items()}}


def _chained(grid: Grid, course: Course, last: Last) -> tuple[Floats, Ints, Ints]:
    growth, deposits, withdrawals = last
    return (
        engine.chain(grid.base, course.growth, growth),
        engine.total(grid.base, course.deposits, deposits),
        engine.total(grid.base, course.withdrawals, withdrawals),
    )


def _rows(grid: Grid, course: Course, last: Last) -> list[Row]:
    growth, deposits, withdrawals = _chained(grid, course, last)
    columns = {"growth": growth, "deposits": deposits, "withdrawals": withdrawals}
    columns |= {name: getattr(course, name) for name in COUNTS}
    times = [datetime.fromtimestamp(moment, UTC) for moment in grid.columns[1:].tolist()]
    values = {name: column[1:].tolist() for name, column in columns.items()}
    return [{"time": time, **{name: values[name][at] for name in values}} for at, time in enumerate(times)]


COUNTS: Final = ("value", "at_cost", "priced", "unpriced", "unknown", "stale")


def _row_of(day: Any) -> Row:
    end = midnight(date.fromordinal(int(day["day"]))) + timedelta(seconds=86_399)
    return {"time": end, **{name: day[name].item() for name in past.COLUMNS if name != "day"}}


def _zero(begin: date) -> Row:
    """Before anything was held: what comes in on the first day came in after it."""
    return {"time": midnight(begin), "growth": 1.0, "deposits": 0, "withdrawals": 0, **dict.fromkeys(COUNTS, 0)}


def _until_now(today: date, now: datetime) -> Grid:
    """The end of yesterday, and now."""
    begin = midnight(today)
    columns = np.array([begin.timestamp() - 1, now.timestamp()])
    return Grid(columns, np.zeros(2, dtype=np.int64), begin, begin, 86_400)


def _since(known: Row, named: str, begin: date) -> date:
    """The first day that is to be replayed."""
    following = begin if known["terms"] != named else known["through"] + timedelta(days=1)
    return following if known["stale_from"] is None else min(following, known["stale_from"])


def _named_terms(portfolio: Row, fees: Mapping[str, int]) -> str:
    parts = [portfolio["currency"], portfolio["price_source"], portfolio["cost_method"]]
    return json.dumps([*parts, *([sorted(fees.items())] if portfolio["price_source"] == BEST else [])])


def _joined(before: Array, fresh: dict[str, Array]) -> Array:
    joined = np.empty(len(before) + len(fresh["day"]), dtype=before.dtype)
    for name in past.COLUMNS:
        joined[name] = np.concatenate([before[name], fresh[name]])
    return joined


def _last(day: Any) -> Last:
    return float(day["growth"]), int(day["deposits"]), int(day["withdrawals"])


def _day(moment: float) -> date:
    return datetime.fromtimestamp(moment, UTC).date()
