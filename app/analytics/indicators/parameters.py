"""Parameters of indicators: their ranges, and the check of what a caller asks for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Values = Mapping[str, float]
"""A value for each parameter of an indicator; whole numbers are int."""


class ParameterError(ValueError):
    """A parameter that an indicator does not have, or a value outside its range; the message names both."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} {reason}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that shapes an indicator, from `minimum` to `maximum`, both included."""

    name: str
    kind: Literal["integer", "number"]
    default: float
    minimum: float
    maximum: float

    def checked(self, value: object) -> float:
        """The value, if it is of this kind and range; raises ParameterError."""
        whole = self.kind == "integer"
        of_kind = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not isinstance(value, int | float) or not of_kind or not self.minimum <= value <= self.maximum:
            kind = "a whole number" if whole else "a number"
            raise ParameterError(self.name, f"must be {kind} from {self.minimum} to {self.maximum}, not {value!r}")
        return value


def checked_values(parameters: Sequence[Parameter], given: Mapping[str, object]) -> Values:
    """What is given, and defaults for the rest; raises ParameterError."""
    names = [parameter.name for parameter in parameters]
    for name in given:
        if name not in names:
            allowed = ", ".join(names) if names else "none"
            raise ParameterError(name, f"is no parameter of this indicator, which has: {allowed}")
    return {parameter.name: parameter.checked(given.get(parameter.name, parameter.default)) for parameter in parameters}


def period(name: str = "period", default: int = 14, minimum: int = 2) -> Parameter:
    """A number of candles."""
    return Parameter(name, "integer", default, minimum, 500)


def whole(values: Values, name: str) -> int:
    """A value that is a number of candles."""
    return math.trunc(values[name])
