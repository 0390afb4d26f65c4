"""The backtester beside backtrader: the same bars and rules give the same trades, and the same equity to the cent."""

# ruff: noqa: ARG002, FBT001, FBT002  # as backtrader calls its own methods

import math
from datetime import UTC
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from app.analytics.portfolio.fees import steam_net_proceeds
from app.research.backtest.panel import Panel
from app.research.backtest.run import backtest
from app.research.backtest.strategies import BollingerReversion, BuyAndHold, MomentumRank, MovingAverageCross, Strategy
from app.research.backtest.terms import Terms
from tests.research.support import DAY, daily, real_bars, walk

CAPITAL = 2_500_000
SLIPPAGE = 150
SHARE = 0.25
TIE = 1e-6
Trade = tuple[str, int, int, int, int | None, int | None]
"""Item, units, second and cost of the purchase, second and proceeds of the sale."""


class SteamFee(bt.CommInfoBase):  # type: ignore[misc]  # it has no types
    """What a seller on Steam does not get; a buyer pays nothing more."""

    params = (("stocklike", True), ("commtype", bt.CommInfoBase.COMM_FIXED))

    def _getcommission(self, size: float, price: float, pseudoexec: bool) -> float:
        return 0.0 if size > 0 else -size * (price - (steam_net_proceeds(round(price)) or 0))


class Broker(bt.brokers.BackBroker):  # type: ignore[misc]  # the same
    """Fills in whole cents, also above the bar's high."""

    def _slip_up(self, pmax: float, price: float, doslip: bool = True, lim: bool = False) -> float:
        return buy_price(price) if doslip else price

    def _slip_down(self, pmin: float, price: float, doslip: bool = True, lim: bool = False) -> float:
        return sell_price(price) if doslip else price


def buy_price(price: float) -> float:
    return float(-(-int(price) * (10_000 + SLIPPAGE) // 10_000))


def sell_price(price: float) -> float:
    return float(int(price) * (10_000 - SLIPPAGE) // 10_000)


class Rules(bt.Strategy):  # type: ignore[misc]  # the same
    """Decides at the close, and acts at the item's next open as it is allowed to; slots are all items or `top`."""

    params = (("kind", None),)

    def __init__(self) -> None:
        kind = self.p.kind
        self.lines_of: dict[Any, Any] = {}
        self.wish = dict.fromkeys(self.datas, False)
        self.bought: dict[Any, tuple[int, int, int]] = {}
        self.found: list[Trade] = []
        self.equity: list[float] = []
        self.seen = dict.fromkeys(self.datas, 0)
        if isinstance(kind, MovingAverageCross):
            self.lines_of = {
                data: (bt.ind.SMA(data.close, period=kind.fast), bt.ind.SMA(data.close, period=kind.slow))
                for data in self.datas
            }
        elif isinstance(kind, BollingerReversion):
            self.lines_of = {
                data: bt.ind.BollingerBands(data.close, period=kind.window, devfactor=kind.width) for data in self.datas
            }

    def prenext(self) -> None:
        self.next()

    def prenext_open(self) -> None:
        self.next_open()

    def nextstart_open(self) -> None:
        self.next_open()

    def next_open(self) -> None:
        fresh = [data for data in self.datas if is_new(self, data)]
        sold_for = 0.0
        sold = []
        for data in fresh:
            held = self.getposition(data).size
            if held and not self.wish[data] and second(data) >= self.bought[data][0] + 7 * DAY:
                each = steam_net_proceeds(int(sell_price(data.open[0])))
                if each is not None:
                    self.sell(data=data, size=held)
                    sold_for += held * each
                    sold.append(data)
        wanted = [data for data in fresh if self.wish[data] and not self.getposition(data).size]
        slots = self.p.kind.slots or 1
        free = slots - sum(1 for data in self.datas if self.getposition(data).size) + len(sold)
        for data in wanted:
            budget = int(self.broker.getcash() + sold_for) // max(free, len(wanted))
            size = min(budget // int(buy_price(data.open[0])), math.floor(data.volume[-1] * SHARE))
            if size:
                self.buy(data=data, size=size)

    def next(self) -> None:
        self.equity.append(self.broker.getvalue())
        fresh = [data for data in self.datas if is_new(self, data)]
        for data in fresh:
            self.seen[data] = len(data)
        self.decide(fresh)

    def decide(self, fresh: list[Any]) -> None:
        kind = self.p.kind
        if isinstance(kind, MomentumRank):
            if len(self.equity) % kind.every == 1:
                known = [data for data in fresh if len(data) > kind.lookback]
                best = sorted(known, key=lambda data: -(data.close[0] / data.close[-kind.lookback]))[: kind.top]
                names = {data._name for data in best}  # data compare by their prices
                self.wish = {data: data._name in names for data in self.datas}
            return
        for data in fresh:
            if isinstance(kind, BuyAndHold):
                self.wish[data] = True
            elif isinstance(kind, MovingAverageCross):
                fast, slow = self.lines_of[data]
                self.wish[data] = len(data) >= kind.slow and fast[0] > slow[0]
            elif len(data) >= kind.window:
                bands = self.lines_of[data]
                # Cents often lie on a band exactly, which floats miss.
                if data.close[0] >= bands.mid[0] - TIE:
                    self.wish[data] = False
                elif data.close[0] < bands.bot[0] - TIE:
                    self.wish[data] = True

    def notify_order(self, order: Any) -> None:
        if order.status != order.Completed:
            assert order.status in {order.Submitted, order.Accepted}, order.getstatusname()
            return
        data, size, price = order.data, int(order.executed.size), order.executed.price
        at = round(bt.num2date(order.executed.dt).replace(tzinfo=UTC).timestamp())
        if size > 0:
            self.bought[data] = (at, size, round(size * price))
        else:
            begun, units, cost = self.bought.pop(data)
            self.found.append((data._name, units, begun, cost, at, round(-size * price - order.executed.comm)))


def is_new(strategy: Any, data: Any) -> bool:
    return len(data) > 0 and len(data) > strategy.seen[data]


def second(data: Any) -> int:
    return int(bt.num2date(data.datetime[0]).replace(tzinfo=UTC).timestamp() + 0.5)


def theirs(found: pd.DataFrame, strategy: Strategy, capital: int) -> tuple[list[Trade], pd.Series]:
    """Trades and equity by second, both in cents, of items that share one account."""
    cerebro = bt.Cerebro(stdstats=False, cheat_on_open=True)
    broker = Broker(coc=False, slip_perc=0.1, slip_open=True)
    broker.addcommissioninfo(SteamFee())
    broker.setcash(capital)
    cerebro.setbroker(broker)
    for name, rows in found.groupby("item", sort=False):
        part = rows.set_index(rows["time"].dt.tz_localize(None))
        prices = (part[["open", "close"]] * 100).round()
        lines = prices.assign(high=prices.max(axis=1), low=prices.min(axis=1), volume=part["volume"].astype("float64"))
        cerebro.adddata(bt.feeds.PandasData(dataname=lines, openinterest=None), name=name)
    cerebro.addstrategy(Rules, kind=strategy)
    ran = cerebro.run(runonce=False, preload=True)[0]
    held = [(data._name, units, at, cost, None, None) for data, (at, units, cost) in ran.bought.items()]
    times = np.unique(found["time"].astype("int64").to_numpy() // 1_000_000)
    return sorted(ran.found + held, key=key), pd.Series(ran.equity, index=times)


def key(trade: Trade) -> tuple[str, int]:
    return trade[0], trade[2]


def ours(found: pd.DataFrame, strategy: Strategy, capital: int) -> tuple[list[Trade], Panel, np.ndarray]:
    held = daily(found)
    result = backtest(held, strategy, Terms(capital=capital, slippage=SLIPPAGE, participation=SHARE))
    rows: list[dict[str, Any]] = result.trades.to_dict("records")  # type: ignore[assignment]  # names are texts
    trades: list[Trade] = [
        (
            row["item"],
            int(row["units"]),
            round(row["bought"].timestamp()),
            round(row["buy_price"] * row["units"] * 100),
            None if pd.isna(row["sold"]) else round(row["sold"].timestamp()),
            None if math.isnan(row["proceeds"]) else round(row["proceeds"] * 100),
        )
        for row in rows
    ]
    return sorted(trades, key=key), held, np.rint(result.curve["equity"].to_numpy() * 100).astype(np.int64)


def compare_each(found: pd.DataFrame, strategy: Strategy) -> int:
    """Items with accounts of their own: one run of backtrader an item, their equities added up."""
    trades, held, equity = ours(found, strategy, CAPITAL * found["item"].nunique())
    total = np.zeros(len(held), dtype=np.int64)
    expected: list[Trade] = []
    for _, part in found.groupby("item", sort=False):
        their_trades, their_equity = theirs(part, strategy, CAPITAL)
        expected += their_trades
        total += their_equity.reindex(held.time).ffill().fillna(CAPITAL).round().to_numpy(dtype=np.int64)
    assert trades == sorted(expected, key=key)
    np.testing.assert_array_equal(equity, total)
    return len(trades)


def compare_shared(found: pd.DataFrame, strategy: Strategy) -> int:
    trades, _, equity = ours(found, strategy, CAPITAL)
    expected, their_equity = theirs(found, strategy, CAPITAL)
    assert trades == expected
    np.testing.assert_array_equal(equity, their_equity.round().to_numpy(dtype=np.int64))
    return len(trades)


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize(
    "strategy", [BuyAndHold(), MovingAverageCross(3, 8), BollingerReversion(10, 1.5)], ids=lambda one: one.name
)
def test_accounts_by_item(strategy: Strategy, missing: float) -> None:
    assert compare_each(walk(200, 3, missing=missing), strategy) >= 3


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_one_account_of_several_items(missing: float) -> None:
    assert compare_shared(walk(200, 6, missing=missing), MomentumRank(10, 2, 9)) > 10


@pytest.mark.slow
@pytest.mark.parametrize(
    "strategy", [MovingAverageCross(10, 50), BollingerReversion(20, 2.0)], ids=lambda one: one.name
)
def test_fifty_real_items(strategy: Strategy) -> None:
    trades = compare_each(real_bars(50), strategy)
    print(f"{strategy.name}: {trades} trades")
    assert trades > 500


@pytest.mark.slow
def test_momentum_of_fifty_real_items() -> None:
    trades = compare_shared(real_bars(50), MomentumRank(90, 10, 30))
    print(f"momentum_rank: {trades} trades")
    assert trades > 100
