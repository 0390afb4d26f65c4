"""Research runs: puts a backtest into the queue, runs it as a task and keeps what came out."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

import orjson
import pandas as pd

from app.analytics.arrays import nullable
from app.providers.markets import MARKETS
from app.providers.sources import is_simulated
from app.research.backtest.grid import grid
from app.research.backtest.panel import Panel, panel
from app.research.backtest.run import Result, backtest
from app.research.backtest.terms import Terms
from app.research.backtest.walk_forward import walk_forward
from app.research.request import BacktestRequest
from app.research.sources.base import DataError, ItemBars, frame
from app.research.sources.database import DatabaseSource
from app.share_tokens import hash_token, new_token
from app.tasks.kinds import BACKTEST
from app.tasks.task import RefusedError, Task
from db.core.pool import Database, Row
from db.items import details
from db.items import items as stored
from db.research import runs
from db.tasks import queue

MAX_RUNS: Final = 100
"""Runs that a user may keep."""
MAX_CELLS: Final = 4_000_000
"""Moments times items that one run may have."""
MAX_TRADES: Final = 2_000
"""Trades that a result lists, the first ones."""
BATCH: Final = 10
SIMULATED_FEE: Final = 1_304
"""Basis points of a sale on a simulated market."""


class RunError(Exception):
    """A run cannot be put in now: too many are kept, or one is under way."""


def start(database: Database, user_id: int, request: BacktestRequest) -> int:
    """Put a backtest in; returns the run's id.

    Raises:
        RunError: one of the user's is under way, or as many as allowed are kept.
    """
    name = f"{BACKTEST.name}:{user_id}"
    with database.connection() as connection, connection.transaction():
        queue.lock(connection, name)
        if queue.active(connection, name) is not None:
            raise RunError("another of your backtests is under way; wait for it, or cancel it")
        if runs.lock(connection, user_id) >= MAX_RUNS:
            raise RunError(f"you keep {MAX_RUNS} backtests; delete one first")
        run_id = runs.next_id(connection)
        task_id = BACKTEST.defer(connection, {"run_id": run_id}, user_id=user_id, lock=name)
        runs.create(connection, run_id, user_id, request.title, request.model_dump(mode="json"), task_id)
    return run_id


def run(fees: Mapping[str, int], task: Task) -> None:
    """Run the backtest that a task names.

    Args:
        fees: sellers' fees by source in basis points.
        task: its payload has `run_id`.

    Raises:
        RefusedError: its bars do not allow it; another run would not help.
    """
    found = runs.request(task.database, task.payload["run_id"])
    if found is None:
        raise RefusedError("gone", "The backtest was deleted.")
    request = BacktestRequest.model_validate(found["request"])
    try:
        result = compute(task, request, fees)
    except (DataError, ValueError) as error:
        raise RefusedError("invalid", f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
    with task.database.connection() as connection, connection.transaction():
        runs.finish(connection, task.payload["run_id"], orjson.dumps(result).decode())
        task.complete(connection, {"run_id": task.payload["run_id"]})


def compute(task: Task, request: BacktestRequest, fees: Mapping[str, int]) -> dict[str, Any]:
    """The result of a request as JSON has it, unknown as null; says how far it is.

    Raises:
        DataError: there are no bars, or they do not go together.
        ValueError: the source's fee is not known, or the walk is longer than the bars.
    """
    strategies = request.strategies()
    held = _panel(task, request, total=len(request.items) + len(strategies))
    terms = Terms(
        # A simulated market takes what Steam does, near enough: 15 of 115.
        fees={held.source: SIMULATED_FEE} | dict(fees) if is_simulated(held.source) else fees,
        capital=round(request.capital * held.price_scale),
        slippage=round(request.slippage * 100),
        protection_days=request.protection,
        participation=request.share / 100 or None,
    )
    read = len(request.items)
    total = read + len(strategies)

    def tried(count: int) -> None:
        task.progress(read + count, total, f"{count:,} of {len(strategies):,} sets of parameters tried")

    found = grid(held, strategies, terms, tried=tried)
    best = found.best or 0
    shown = as_json(backtest(held, strategies[best], terms), held)
    shown["tries"] = {
        "tries": found.tries,
        "best": found.best,
        "luck": found.luck,
        "table": _rows(found.table),
    }
    shown["walk"] = None
    if request.walk:
        task.progress(total, total, "Walking forward")
        walked = walk_forward(held, strategies, terms, request.walk.train, request.walk.test)
        shown["walk"] = {
            "summary": walked.summary,
            "folds": _rows(walked.folds),
            "time": _times(pd.DatetimeIndex(walked.equity.index)),
            "equity": nullable(walked.equity.to_numpy(dtype=float)),
        }
    return shown


def as_json(found: Result, held: Panel) -> dict[str, Any]:
    """A backtest's result as JSON has it, with at most `MAX_TRADES` trades."""
    curve = {name: nullable(found.curve[name].to_numpy(dtype=float)) for name in found.curve.columns}
    return {
        "strategy": found.strategy,
        "parameters": found.parameters,
        "source": held.source,
        "currency": found.currency,
        "interval": held.interval,
        "items": list(held.items),
        "rules": found.rules,
        "summary": found.summary,
        "curve": {"time": _times(pd.DatetimeIndex(found.curve.index)), **curve},
        "trades": _rows(found.trades.head(MAX_TRADES)),
        "trade_returns": (found.trades["proceeds"] / (found.trades["buy_price"] * found.trades["units"]) - 1)
        .dropna()
        .tolist(),
        "trade_count": len(found.trades),
    }


def share(database: Database, user_id: int, run_id: int) -> str | None:
    """A new link's token, which is shown once and kept nowhere; None where there is no run of this user's that is done."""
    token = new_token()
    return token if runs.share(database, user_id, run_id, hash_token(token)) else None


def shared(database: Database, token: str) -> Row | None:
    """The run that a token shows."""
    return runs.shared(database, hash_token(token))


def _panel(task: Task, request: BacktestRequest, total: int) -> Panel:
    """The bars of a request, read some items at a time."""
    found = {row["id"]: row for row in stored.units(task.database, ids=request.items)}
    rows = [found[item] for item in dict.fromkeys(request.items) if item in found]
    if len(rows) < len(set(request.items)):
        raise DataError(f"{len(set(request.items)) - len(rows)} of the items are not there any more")
    if any((market := MARKETS.get(row["market"])) and market.quotes == "exchange" for row in rows):
        raise DataError("a backtest trades whole units of items; pairs of exchanges are traded in fractions")
    source = request.source or rows[0]["reference_source"]
    if source is None:
        quotes = details.quotes(task.database, rows[0]["id"])
        if not quotes:
            raise DataError("nobody has quoted the first item")
        source = quotes[0]["source"]
    bars: list[ItemBars] = []
    database = DatabaseSource(task.database)
    bounds = (_midnight(request.start), _midnight(request.end))
    for begin in range(0, len(rows), BATCH):
        part = rows[begin : begin + BATCH]
        bars += database.of_items(part, source, request.interval, *bounds)
        done = begin + len(part)
        task.progress(done, total, f"{done:,} of {len(rows):,} items read")
    moments = max((len(one.time) for one in bars), default=0)
    if moments * len(bars) > MAX_CELLS:
        raise DataError(
            f"{moments:,} bars of {len(bars):,} items are too many; choose longer bars, fewer items or a shorter time"
        )
    return panel(frame(bars, request.interval), request.interval)


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows by column, unknown as null, times as RFC 3339 has them."""
    text = table.to_json(orient="records", date_format="iso", date_unit="s", double_precision=15)
    rows: list[dict[str, Any]] = orjson.loads(text)
    return rows


def _times(index: pd.DatetimeIndex) -> list[str]:
    return index.strftime("%Y-%m-%dT%H:%M:%SZ").tolist()
