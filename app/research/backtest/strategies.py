"""Strategies: what each wants to hold after a close, from that close and those before it alone."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import ClassVar, Final, Protocol

import numpy as np

from app.analytics.arrays import Bools, Floats, Ints
from app.research.backtest.panel import Panel
from app.research.backtest.windows import Dense, latched, on_calendar, window_sums

EXACT: Final = 2**62


class Strategy(Protocol):
    """A rule with its parameters, which are its dataclass fields."""

    name: ClassVar[str]

    @property
    def slots(self) -> int | None:
        """How many items one account holds at most; None: each item has an account of its own."""

    def wanted(self, panel: Panel, bars: Dense) -> Bools:
        """Which items (t, n) are to be held after each moment's close. Row i depends on rows up to i alone."""


@dataclass(frozen=True, slots=True)
class BuyAndHold:
    """Buys at the first chance and never sells."""

    name: ClassVar[str] = "buy_and_hold"
    slots: ClassVar[None] = None

    def wanted(self, panel: Panel, bars: Dense) -> Bools:  # noqa: ARG002  # every strategy takes both
        """See `Strategy.wanted`."""
        return panel.place >= 0


@dataclass(frozen=True, slots=True)
class MovingAverageCross:
    """Holds while the mean of the last `fast` closes is above that of the last `slow`."""

    fast: int = 10
    slow: int = 50
    name: ClassVar[str] = "moving_average_cross"
    slots: ClassVar[None] = None

    def __post_init__(self) -> None:
        if not 0 < self.fast < self.slow:
            raise ValueError(f"fast is shorter than slow, at least 1: not {self.fast} and {self.slow}")

    def wanted(self, panel: Panel, bars: Dense) -> Bools:
        """See `Strategy.wanted`; nothing before an item's bar number `slow`."""
        states = np.zeros(bars.closes.shape, dtype=np.bool_)
        if len(states) >= self.slow:
            fast = window_sums(bars.sums[self.slow - self.fast :], self.fast)
            states[self.slow - 1 :] = fast * self.slow > window_sums(bars.sums, self.slow) * self.fast
        return on_calendar(panel, states)


@dataclass(frozen=True, slots=True)
class BollingerReversion:
    """Buys under the lower Bollinger band, sells at the middle one (J. Bollinger, *Bollinger on Bollinger Bands*, 2001).

    The middle band is the mean of the last `window` closes, the lower one `width` population standard deviations below it.
    """

    window: int = 20
    width: float = 2.0
    name: ClassVar[str] = "bollinger_reversion"
    slots: ClassVar[None] = None

    def __post_init__(self) -> None:
        if self.window < 2 or not 0 < self.width < np.inf:  # noqa: PLR2004  # one close has no deviation
            raise ValueError(f"window is at least 2 and width above 0: not {self.window} and {self.width}")

    def wanted(self, panel: Panel, bars: Dense) -> Bools:
        """See `Strategy.wanted`. With w closes of sum S and squares' sum Q, close c is under the band where (S - wc)² > k²(wQ - S²)."""
        states = np.zeros(bars.closes.shape, dtype=np.bool_)
        if len(states) >= self.window:
            sums = window_sums(bars.sums, self.window)
            below = sums - self.window * bars.closes[self.window - 1 :]
            spread = _spread(bars, sums, self.window)
            deviation = below.astype(np.float64) ** 2
            states[self.window - 1 :] = latched((below > 0) & (deviation > self.width**2 * spread), below <= 0)
        return on_calendar(panel, states)


@dataclass(frozen=True, slots=True)
class MomentumRank:
    """Every `every` moments, holds the `top` items whose price rose most over their last `lookback` bars; those with a bar then alone."""

    lookback: int = 90
    top: int = 10
    every: int = 30
    name: ClassVar[str] = "momentum_rank"

    def __post_init__(self) -> None:
        if min(self.lookback, self.top, self.every) < 1:
            raise ValueError(
                f"lookback, top and every are at least 1: not {self.lookback}, {self.top} and {self.every}"
            )

    @property
    def slots(self) -> int:
        """The number of items held."""
        return self.top

    def wanted(self, panel: Panel, bars: Dense) -> Bools:
        """See `Strategy.wanted`; of equal ones the item that comes first."""
        moments = np.arange(0, len(panel), self.every)
        place, observed = panel.place[moments], panel.observed[moments]
        now = np.take_along_axis(bars.closes, np.maximum(place, 0), axis=0)
        before = np.take_along_axis(bars.closes, np.maximum(place - self.lookback, 0), axis=0)
        known = observed & (place >= self.lookback) & (before > 0)
        growth = np.divide(now, before, out=np.full(now.shape, -np.inf), where=known)
        rank = np.argsort(np.argsort(-growth, axis=1, kind="stable"), axis=1, kind="stable")
        chosen = known & (rank < self.top)
        return np.repeat(chosen, self.every, axis=0)[: len(panel)]


def _spread(bars: Dense, sums: Ints, window: int) -> Floats:
    """WQ - S², which is w² times the variance: exact in integers wherever these hold it."""
    squares = window_sums(bars.squares, window)
    spread = (window * squares - sums * sums).astype(np.float64)
    wide = window * sums.astype(np.float64) ** 2 >= EXACT
    for column in np.flatnonzero(wide.any(axis=0)).tolist():
        rows = np.lib.stride_tricks.sliding_window_view(bars.closes[:, column].astype(np.float64), window)
        spread[wide[:, column], column] = window**2 * rows[wide[:, column]].var(axis=1)
    return spread


STRATEGIES: Final[Mapping[str, type[Strategy]]] = MappingProxyType(
    {kind.name: kind for kind in (BuyAndHold, MovingAverageCross, BollingerReversion, MomentumRank)}
)


def make(name: str, parameters: Mapping[str, float]) -> Strategy:
    """A strategy by name, with defaults where `parameters` say nothing.

    Raises:
        ValueError: an unknown name or parameter, or a value that is not allowed.
    """
    if name not in STRATEGIES:
        raise ValueError(f"there is no strategy {name!r}; there are {', '.join(STRATEGIES)}")
    kinds = {field.name: field.type for field in fields(STRATEGIES[name])}  # type: ignore[arg-type]  # they are dataclasses
    if unknown := [key for key in parameters if key not in kinds]:
        raise ValueError(f"{name} has no parameter {unknown[0]!r}; it has {', '.join(kinds) or 'none'}")
    values: dict[str, float] = {}
    for key, value in parameters.items():
        if kinds[key] is int and value != int(value):
            raise ValueError(f"{key} is a whole number, not {value}")
        values[key] = int(value) if kinds[key] is int else float(value)
    return STRATEGIES[name](**values)
