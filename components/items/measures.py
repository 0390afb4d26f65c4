"""The measures a ranking can be by: their names, what they mean, how they are written, and what an item must show first."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType

from app.analytics import GATES, WINDOWS, Gate
from components.ui.format import number, percent

DAY = 86_400
HOURLY = {"1h": "five-minute", "24h": "hourly", "7d": "hourly", "30d": "hourly"}


@dataclass(frozen=True, slots=True)
class Measure:
    """`key` is the column and the ranking; `explanation` one sentence with the formula in words."""

    key: str
    name: str
    explanation: str
    write: Callable[[float], str]
    gate: Gate
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
                GATES["volatile"],
            ),
            Measure(
                "percent_change",
                "Change",
                "Last price against the last one before the window, in percent of it.",
                lambda value: percent(value, signed=True),
                GATES["percent_change"],
                signed=True,
            ),
            Measure(
                "trend_score",
                "Trend",
                "Percent a day times how straight the way was: least-squares slope of the log price, times its R².",
                _signed_plain,
                GATES["trend_score"],
                signed=True,
            ),
            Measure(
                "coefficient_of_variation",
                "CV",
                "Coefficient of variation: standard deviation of the closes over their mean.",
                _share,
                GATES["coefficient_of_variation"],
            ),
            Measure(
                "sharpe",
                "Sharpe",
                "Return for the risk taken: mean over standard deviation of the returns, per year, without a risk-free rate.",
                _signed_plain,
                GATES["sharpe"],
                signed=True,
            ),
            Measure(
                "max_drawdown",
                "Drawdown",
                "The largest fall from a running high to a later low, as a share of the high.",
                _share,
                Gate(),
            ),
            Measure(
                "volume",
                "Volume",
                "Sales in the window, or the source's own figure of the last 24 hours where it tells only that.",
                number,
                GATES["volume"],
            ),
        )
    }
)


def days(window: str) -> float:
    """A window's length."""
    return WINDOWS[window].seconds / DAY


def buckets(window: str) -> int:
    """The most closes a window can have."""
    return WINDOWS[window].buckets


def gate_values(measure: Measure, least_volume: int = 0) -> dict[str, float]:
    """The measure's gate as the queries of db.items.rankings take it, with no less volume than asked for."""
    return asdict(replace(measure.gate, least_volume=max(measure.gate.least_volume, float(least_volume))))
