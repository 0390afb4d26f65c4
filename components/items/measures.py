"""Ranking measures: name, explanation and format of each, and what a market asks of what it lists."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType

from app.analytics import WINDOWS, gate_of
from app.providers.markets import Market
from components.ui.format import number, percent, short_number
from db.items.rankings import MarketWindow

DAY = 86_400
HOURLY = {"1h": "five-minute", "24h": "hourly", "7d": "hourly", "30d": "hourly"}


@dataclass(frozen=True, slots=True)
class Measure:
    """`key` is the ranking; `explanation` is one sentence with the formula in words."""

    key: str
    name: str
    explanation: str
    write: Callable[[float], str]
    signed: bool = False

    def text(self, value: float | None) -> str | None:
        """The value as it is shown; None where it is unknown."""
        return None if value is None else self.write(value)


def _share(value: float) -> str:
    return percent(value * 100)


def _plain(value: float) -> str:
    return number(value, 2)


def _signed_plain(value: float) -> str:
    return ("+" if round(value, 2) > 0 else "") + number(value, 2)


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        measure.key: measure
        for measure in (
            Measure(
                "return_volatility",
                "Volatility",
                "How far prices swing in a day: sample standard deviation of the logarithmic returns, scaled to one day.",
                _share,
            ),
            Measure(
                "percent_change",
                "Change",
                "Last price against the last one before the window, in percent of it.",
                lambda value: percent(value, signed=True),
                signed=True,
            ),
            Measure(
                "trend_score",
                "Trend",
                "Percent a day times how straight the way was: least-squares slope of the log price, times its R².",
                _signed_plain,
                signed=True,
            ),
            Measure(
                "coefficient_of_variation",
                "CV",
                "Coefficient of variation: standard deviation of the closes over their mean.",
                _share,
            ),
            Measure(
                "sharpe",
                "Sharpe",
                "Return for the risk taken: mean over standard deviation of the returns, per year, without a risk-free rate.",
                _signed_plain,
                signed=True,
            ),
            Measure(
                "max_drawdown",
                "Drawdown",
                "The largest fall from a running high to a later low, as a share of the high.",
                _share,
            ),
            Measure(
                "volume",
                "Volume",
                "Sales in the window, or the source's own figure of the last 24 hours where it tells only that.",
                number,
            ),
        )
    }
)


TRADED = Measure(
    "volume",
    "Volume",
    "What was traded in the window: each candle's close times its volume, in {currency}.",
    short_number,
)
"""Volume of pairs: their units are not the same things, so they are compared by value."""
LEAST_UNIT = 1_000_000
"""What a step of the least turnover is, in a market's currency."""


def measure_of(key: str, market: Market) -> Measure:
    """A measure as a market has it."""
    if market.quotes == "exchange" and key == TRADED.key:
        return replace(TRADED, explanation=TRADED.explanation.format(currency=market.currency))
    return MEASURES[key]


def scope_of(market: Market, window: str) -> MarketWindow:
    """A market in a window, as the queries of db.items take it."""
    return MarketWindow(market.id, window, WINDOWS[window].seconds / DAY, pairs=market.quotes == "exchange")


def buckets(window: str) -> int:
    """The most closes a window can have."""
    return WINDOWS[window].buckets


def gate_values(measure: str, market: Market, least: int = 0) -> dict[str, float]:
    """The gate of a measure's ranking as the queries of db.items.rankings take it, with no less volume than asked for.

    `least` counts sales a day, of pairs millions of their market's currency.
    """
    gate = gate_of(measure, market.quotes)
    wanted = float(least * (LEAST_UNIT if market.quotes == "exchange" else 1))
    return asdict(replace(gate, least_volume=max(gate.least_volume, wanted)))
