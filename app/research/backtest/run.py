"""One backtest: a strategy over bars, and everything that is to be seen of it."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from app.analytics.arrays import Floats
from app.analytics.portfolio.index import market_index
from app.research.backtest.panel import Panel
from app.research.backtest.simulation import Run, simulate
from app.research.backtest.statistics import drawdown, statistics
from app.research.backtest.strategies import Strategy
from app.research.backtest.terms import Terms
from app.research.backtest.windows import dense


@dataclass(frozen=True, slots=True)
class Result:
    """A backtest's result, amounts in units of `currency`.

    `curve` by time: `equity`, `cash`, `positions` (how many items are held), `drawdown` (positive fraction), `index` (the market
    index of the same items from the same capital, null where unknown). `trades`: `item`, `units`, `bought`, `buy_price`, `sold`,
    `sell_price`, `proceeds`, `fees`, `profit`, the last five null while it is held. `summary` has numbers by name, null where
    unknown; `rules` say in words how it was reckoned.
    """

    strategy: str
    parameters: dict[str, float]
    currency: str
    rules: dict[str, str]
    summary: dict[str, float | None]
    curve: pd.DataFrame
    trades: pd.DataFrame


def backtest(panel: Panel, strategy: Strategy, terms: Terms) -> Result:
    """Run one strategy over all bars.

    Raises:
        ValueError: the source's fee is not known.
    """
    wanted = strategy.wanted(panel, dense(panel))[:, None, :]
    run = simulate(panel, wanted, strategy.slots, terms)
    trades = trade_table(panel, run)
    curve = _curve(panel, run, terms)
    return Result(
        strategy=strategy.name,
        parameters=parameters(strategy),
        currency=panel.currency,
        rules=terms.describe(panel.source) | {"index": "value-weighted over the same items by their mean volume"},
        summary=_summary(panel, run, terms, trades, curve),
        curve=curve,
        trades=trades,
    )


def parameters(strategy: Strategy) -> dict[str, float]:
    """A strategy's parameters by name."""
    return asdict(strategy)  # type: ignore[call-overload, no-any-return]  # strategies are dataclasses


def times(panel: Panel, rows: Any) -> Any:
    """Times of rows of a panel in UTC; null for -1."""
    moments = pd.Series(pd.to_datetime(panel.time[np.maximum(rows, 0)], unit="s", utc=True)).astype(
        "datetime64[us, UTC]"
    )
    return moments.where(np.asarray(rows) >= 0)


def trade_table(panel: Panel, run: Run) -> pd.DataFrame:
    """The trades of the first run, see `Result`."""
    found = run.trades[run.trades["run"] == 0]
    sold = found["sold"] >= 0

    def known(values: Any) -> Floats:
        return np.where(sold, values / panel.price_scale, np.nan)

    units = np.maximum(found["units"], 1)
    return pd.DataFrame(
        {
            "item": pd.Series([panel.items[item] for item in found["item"]], dtype="str"),
            "units": found["units"],
            "bought": times(panel, found["bought"]),
            "buy_price": found["cost"] / units / panel.price_scale,
            "sold": times(panel, found["sold"]),
            "sell_price": known(found["gross"] / units),
            "proceeds": known(found["proceeds"]),
            "fees": known(found["gross"] - found["proceeds"]),
            "profit": known(found["proceeds"] - found["cost"]),
        }
    )


def index_levels(panel: Panel) -> Floats:
    """The market index of the panel's items (t,), NaN before it; weights are mean volumes, of all items or, where none has any, one each."""
    known = np.isfinite(panel.volume) & panel.observed
    counts = known.sum(axis=0)
    sums = np.where(known, panel.volume, 0).sum(axis=0)
    mean = np.divide(sums, counts, out=np.zeros(len(counts)), where=counts > 0)
    closes = np.where(panel.observed, panel.close, np.nan)
    return market_index(closes.T, mean if mean.any() else np.ones(len(counts)))


def _curve(panel: Panel, run: Run, terms: Terms) -> pd.DataFrame:
    equity = run.equity[:, 0]
    levels = index_levels(panel)
    start = levels[np.isfinite(levels)][:1]
    index = levels / start * terms.capital if len(start) else np.full(len(panel), np.nan)
    return pd.DataFrame(
        {
            "equity": equity / panel.price_scale,
            "cash": run.cash[:, 0] / panel.price_scale,
            "positions": run.positions[:, 0],
            "drawdown": drawdown(np.append(terms.capital, equity))[1:],
            "index": index / panel.price_scale,
        },
        index=pd.DatetimeIndex(times(panel, np.arange(len(panel))), name="time"),
    )


def _summary(
    panel: Panel, run: Run, terms: Terms, trades: pd.DataFrame, curve: pd.DataFrame
) -> dict[str, float | None]:
    found = statistics(run.equity, run.traded, terms.capital, panel.bars_per_year)
    closed = trades[trades["sold"].notna()]
    index = curve["index"].dropna()
    numbers = {
        **{name: float(values[0]) for name, values in asdict(found).items()},
        "index_return": float(index.iloc[-1] / index.iloc[0] - 1) if len(index) else np.nan,
        "closing_return": float(run.closing[0] / terms.capital - 1),
        "trades": float(len(closed)),
        "held": float(len(trades) - len(closed)),
        "won": float((closed["profit"] > 0).mean()) if len(closed) else np.nan,
        "fees": float(closed["fees"].sum()),
        "bars": float(panel.observed.sum()),
        "items": float(len(panel.items)),
    }
    return {name: value if np.isfinite(value) else None for name, value in numbers.items()}
