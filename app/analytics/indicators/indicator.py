"""What an indicator is: its names, its parameters, and how many candles it needs before a window."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from app.analytics.arrays import Floats
from app.analytics.indicators.candles import Candles
from app.analytics.indicators.parameters import Parameter, ParameterError, Values, checked_values

Function = Callable[[Candles, Values], tuple[Floats, ...]]
"""From an unbroken run of candles to one array for each series, of the run's length."""

Lead = Callable[[Values, int], int | None]
"""From values and the interval in seconds to a number of candles, or None for all of them."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """A technical indicator.

    `inputs` are the columns of Candles that it reads, `series` the names of what it returns, `pane` says whether they
    are drawn over the prices or below them in a scale of their own, `source` where the formula is from, `undefined`
    what is NaN besides the first values.
    """

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    inputs: tuple[str, ...]
    series: tuple[str, ...]
    pane: Literal["price", "own"]
    function: Function
    bars_before: Lead
    source: str
    undefined: str = ""

    def values(self, given: Mapping[str, object]) -> Values:
        """Every parameter's value: what is given, else its default. Raises ParameterError."""
        values = checked_values(self.parameters, given)
        if "fast" in values and values["fast"] >= values["slow"]:
            raise ParameterError("fast", f"must be below slow, which is {values['slow']}, not {values['fast']}")
        return values

    def lead(self, given: Mapping[str, object], interval_seconds: int) -> int | None:
        """Candles to read before a window, so that it shows to 1e-5 what all history would give.

        None where every candle since the last gap is needed. Raises ParameterError.
        """
        return self.bars_before(self.values(given), interval_seconds)
