"""Indicator request: an indicator with its parameters as one word, such as `rsi`, `ema:50` or `macd:12:26:9`."""

import math
from dataclasses import dataclass

from app.analytics.indicators.indicator import Indicator
from app.analytics.indicators.parameters import ParameterError, Values
from app.analytics.indicators.registry import REGISTRY, UnknownIndicatorError


@dataclass(frozen=True, slots=True)
class IndicatorRequest:
    """What is asked for: `text` as it was written, the indicator and a value for each of its parameters."""

    text: str
    indicator: Indicator
    values: Values

    @classmethod
    def parse(cls, text: str) -> "IndicatorRequest":
        """From a name and values in the order of the parameters; those at the end that are not given have their defaults.

        Raises:
            UnknownIndicatorError: no indicator has this name.
            ParameterError: too many values, or one that is no number or out of its range.
        """
        name, *given = text.split(":")
        indicator = REGISTRY.get(name)
        if indicator is None:
            raise UnknownIndicatorError(name)
        if len(given) > len(indicator.parameters):
            raise ParameterError(name, f"has {len(indicator.parameters)} parameters, not {len(given)}")
        pairs = zip(indicator.parameters, given, strict=False)
        return cls(text, indicator, indicator.values({one.name: _number(one.name, value) for one, value in pairs}))


def _number(name: str, text: str) -> float:
    """A whole number where it is written as one, which is what periods must be."""
    if text.isascii() and text.isdigit() and len(text) < 10:  # noqa: PLR2004  # far beyond every range
        return int(text)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ParameterError(name, f"must be a number, not {text!r}")
    return value
