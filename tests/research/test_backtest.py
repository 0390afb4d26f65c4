"""Backtests: what a simulation may know, what it must keep, and figures by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.research.backtest.grid import combinations, grid
from app.research.backtest.panel import Panel
from app.research.backtest.run import backtest, index_levels
from app.research.backtest.simulation import simulate
from app.research.backtest.statistics import luck
from app.research.backtest.strategies import (
    BollingerReversion,
    BuyAndHold,
    MomentumRank,
    MovingAverageCross,
    Strategy,
    make,
)
from app.research.backtest.terms import Terms
from app.research.backtest.walk_forward import walk_forward
from app.research.backtest.windows import dense
from app.research.sources.base import DataError
from tests.research.support import DAY, bars, daily, walk

EVERY = (BuyAndHold(), MovingAverageCross(3, 8), BollingerReversion(6, 1.2), MomentumRank(5, 2, 4))
TERMS = Terms(capital=1_000_000, slippage=100, participation=20)


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)[:, None]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 58), st.sampled_from(EVERY), st.sampled_from([0.0, 0.25]))
def test_the_future_changes_nothing_before_it(seed: int, cut: int, strategy: Strategy, missing: float) -> None:
    """What happens at a bar's open hangs on no close of that bar, nor on anything after it."""
    found = walk(60, 4, seed=seed, missing=missing)
    moments = np.sort(found["time"].unique())
    now = moments[min(cut, len(moments) - 1)]
    shuffled = found.copy()
    for names, later in (
        (["close", "volume"], (found["time"] >= now).to_numpy()),
        (["open"], (found["time"] > now).to_numpy()),
    ):
        order = np.random.default_rng(seed).permutation(int(later.sum()))
        for name in names:
            shuffled.loc[later, name] = found.loc[later, name].to_numpy()[order]
            # Higher by far, so that nothing may hang on how great prices become.
            if name != "volume":
                shuffled.loc[later, name] *= 1_000
    one, other = (backtest(daily(bars), strategy, TERMS) for bars in (found, shuffled))
    for known, rows in (
        (["cash", "positions"], one.curve.index <= now),
        (["equity", "drawdown"], one.curve.index < now),
    ):
        pd.testing.assert_frame_equal(one.curve.loc[rows, known], other.curve.loc[rows, known], check_exact=True)
    bought = [trades[trades["bought"] <= now] for trades in (one.trades, other.trades)]
    sides = ["item", "units", "bought", "buy_price"]
    assert sorted(map(tuple, bought[0][sides].to_numpy())) == sorted(map(tuple, bought[1][sides].to_numpy()))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(EVERY), st.sampled_from([0.0, 0.25]), st.integers(0, 10))
def test_money_is_kept_and_protection_held(seed: int, strategy: Strategy, missing: float, protection: int) -> None:
    held = daily(walk(60, 4, seed=seed, missing=missing))
    terms = Terms(capital=1_000_000, slippage=100, protection_days=protection)
    run = simulate(held, strategy.wanted(held, dense(held))[:, None, :], strategy.slots, terms)
    sold = run.trades[run.trades["sold"] >= 0]
    assert run.cash[-1, 0] == terms.capital - run.trades["cost"].sum() + sold["proceeds"].sum()
    assert (run.cash >= 0).all()
    assert (held.time[sold["sold"]] - held.time[sold["bought"]] >= protection * DAY).all()
    assert (run.equity >= run.cash).all()
    for trade in run.trades:  # at an open that was there
        assert held.observed[trade["bought"], trade["item"]]
        assert trade["cost"] == trade["units"] * -(-held.open[trade["bought"], trade["item"]] * 10_100 // 10_000)


def test_a_trade_by_hand() -> None:
    """Averages of 1 and 2 closes: a rise is bought at the next open, a fall sold there, once seven days are over."""
    closes = column(100, 110, 120, 90, 80, 85, 80, 75, 70, 65, 60, 55)
    opens = column(100, 101, 111, 119, 91, 81, 84, 79, 74, 69, 64, 59)
    held = daily(bars(opens, closes))
    result = backtest(held, MovingAverageCross(1, 2), Terms(capital=1_000, participation=None))
    first: Any = result.trades.iloc[0]
    # Wanted after day 1 (110 > 105), bought on day 2 at 1.11: 9 units for 9.99. Unwanted from day 3 on, sold on day 9 at 0.69.
    assert (first.units, first.buy_price, first.sell_price) == (9, 1.11, 0.69)
    assert (first.sold - first.bought).days == 7
    assert first.proceeds == pytest.approx(9 * 0.60)  # 60 + 3 + 6
    assert first.fees == pytest.approx(9 * 0.09)
    assert result.curve["equity"].iloc[2] == pytest.approx(0.01 + 9 * 1.20)
    assert result.rules["fills"] == "at the open of the item's next bar"
    assert result.summary["total_return"] == pytest.approx((1 + 540) / 1_000 - 1)
    assert result.summary["held"] == 0


def test_wishes_that_cannot_be_met_wait_for_the_next_bar() -> None:
    opens = column(500, 500, 500, 90, 90)
    held = daily(bars(opens, opens))
    result = backtest(held, BuyAndHold(), Terms(capital=100))
    assert result.trades["units"].tolist() == [1]
    assert result.trades["bought"].iloc[0] == result.curve.index[3]


def test_under_the_least_price_nothing_is_sold() -> None:
    closes = column(100, 110, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2)
    held = daily(bars(closes, closes))
    result = backtest(held, MovingAverageCross(1, 2), Terms(capital=1_000, participation=None))
    assert result.summary["held"] == 1
    assert result.summary["closing_return"] == pytest.approx(-1 + (1_000 - result.trades["units"][0] * 2) / 1_000)


def test_windows_count_an_items_own_bars() -> None:
    found = walk(80, 3, seed=5)
    alone = daily(found[found["item"] == "b"].reset_index(drop=True))
    gappy = found[(found["item"] != "a") | (found.index % 3 == 0)]
    together = daily(gappy.reset_index(drop=True))
    at = together.items.index("b")
    for strategy in EVERY[:3]:
        expected = strategy.wanted(alone, dense(alone))[:, 0]
        np.testing.assert_array_equal(strategy.wanted(together, dense(together))[:, at], expected)


def test_dear_prices_keep_their_bands() -> None:
    """A million times the price, so that sums of squares overflow, gives the same wishes."""
    found = walk(120, 3, seed=9)
    dear = found.assign(open=found["open"] * 1e6, close=found["close"] * 1e6)
    one, other = daily(found), daily(dear)
    strategy = BollingerReversion(20, 1.5)
    np.testing.assert_array_equal(strategy.wanted(one, dense(one)), strategy.wanted(other, dense(other)))


def test_a_grid_is_its_backtests() -> None:
    held = daily(walk(150, 5, missing=0.1))
    for name, values in (
        ("moving_average_cross", {"fast": [3, 5, 50], "slow": [8, 20]}),
        ("momentum_rank", {"lookback": [5, 10], "top": [1, 2], "every": [7]}),
    ):
        tried = combinations(name, values)
        found = grid(held, tried, TERMS)
        assert found.tries == len(tried) == 4
        for row, strategy in zip(found.table.to_dict("records"), tried, strict=True):
            alone = backtest(held, strategy, TERMS).summary
            for key in ("total_return", "max_drawdown", "sharpe", "turnover", "trades", "closing_return"):
                assert row[key] == pytest.approx(alone[key], abs=1e-12)
        assert found.best == found.table["sharpe"].idxmax()
        assert found.luck is not None


def test_luck_of_many_tries() -> None:
    random = np.random.default_rng(3)
    best = np.mean([random.normal(0, 0.5, 100).max() for _ in range(4_000)])
    assert luck(random.normal(0, 0.5, 100)) == pytest.approx(best, rel=0.15)
    assert luck(np.array([1.0])) is None


def test_a_walk_judges_on_what_it_did_not_see() -> None:
    found = walk(200, 4, seed=11)
    tried = combinations("moving_average_cross", {"fast": [3, 5], "slow": [8, 20]})
    held = daily(found)
    walked = walk_forward(held, tried, TERMS, 80, 40)
    assert len(walked.folds) == 3
    assert walked.equity.index[0] == backtest(held, BuyAndHold(), TERMS).curve.index[80]
    assert len(walked.equity) == 120
    growth = float((walked.folds["test_return"] + 1).to_numpy().prod())
    assert walked.equity.iloc[-1] / (TERMS.capital / 100) == pytest.approx(growth, rel=1e-6)
    assert walked.summary["total_return"] == pytest.approx(growth - 1, rel=1e-6)
    first = grid(held, tried, TERMS, 0, 80)
    assert first.best is not None
    assert (walked.folds["fast"][0], walked.folds["slow"][0]) == tuple(first.table.loc[first.best, ["fast", "slow"]])
    with pytest.raises(ValueError, match="too few"):
        walk_forward(held, tried, TERMS, 199, 40)


def test_the_index_is_of_the_same_items() -> None:
    held = daily(walk(50, 1))
    np.testing.assert_allclose(index_levels(held), held.close[:, 0] / held.close[0, 0] * 100)


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("nothing", {}, "there are buy_and_hold"),
        ("moving_average_cross", {"fast": 9, "slow": 9}, "fast is shorter"),
        ("moving_average_cross", {"quick": 9}, "no parameter 'quick'"),
        ("moving_average_cross", {"fast": 1.5}, "whole number"),
        ("bollinger_reversion", {"width": float("nan")}, "width above 0"),
        ("momentum_rank", {"top": 0}, "at least 1"),
    ],
)
def test_a_strategy_that_cannot_be(name: str, parameters: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make(name, parameters)


def test_what_one_account_cannot_hold() -> None:
    found = walk(10, 2)
    with pytest.raises(DataError, match="no bars"):
        daily(found.iloc[:0])
    with pytest.raises(DataError, match="one currency, not USD, EUR"):
        daily(found.assign(currency=["USD"] * 10 + ["EUR"] * 10))
    with pytest.raises(DataError, match="two bars"):
        daily(pd.concat([found, found.iloc[:1]], ignore_index=True))


def test_a_purchase_is_a_share_of_the_volume_before() -> None:
    prices = column(100, 100, 100)
    found = bars(prices, prices)
    found["volume"] = pd.array([57, 1_000_000, 1_000_000], dtype="Int64")
    assert backtest(daily(found), BuyAndHold(), Terms()).trades["units"].tolist() == [5]
    found["volume"] = pd.array([None, 1, 1], dtype="Int64")
    assert backtest(daily(found), BuyAndHold(), Terms()).trades["units"].tolist() == [10_000]


def test_an_account_without_bounds_is_refused() -> None:
    # Bought at 3 and sold at 100,000, again and again.
    closes = column(*[1_000, 2_000, 1_000] * 8)
    opens = column(*[100_000, 100_000, 3] * 8)
    with pytest.raises(ValueError, match="past what can be counted"):
        backtest(daily(bars(opens, closes)), MovingAverageCross(1, 2), Terms(protection_days=0, participation=None))


def test_an_unknown_fee_is_said() -> None:
    held: Panel = daily(bars(column(100, 110), column(100, 110), source="bazaar"))
    with pytest.raises(ValueError, match="fee at 'bazaar' is not known; known: skinport, steam"):
        backtest(held, BuyAndHold(), Terms(fees={"skinport": 800}))
    assert backtest(held, BuyAndHold(), Terms(fees={"bazaar": 200})).rules["fee"] == "2 % of a sale"
