# Between rows of Python values, where None is unknown, and the engine's arrays, where NaN is.

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np

from app.analytics import Measures
from app.analytics.arrays import Floats

HOUR = 3600

Row = Sequence[float | None]


def matrix(*rows: Row) -> Floats:
    return np.array([[math.nan if value is None else value for value in row] for row in rows], dtype=np.float64)


def row_of(measures: Measures, row: int = 0) -> dict[str, float | None]:
    values = {field.name: float(getattr(measures, field.name)[row]) for field in fields(Measures)}
    return {name: None if math.isnan(value) else value for name, value in values.items()}


def assert_same(got: Mapping[str, float | None], expected: Mapping[str, float | None], rel: float = 1e-9) -> None:
    """Compare the names in `expected`; unknown equals only unknown."""
    for name, value in expected.items():
        found = got[name]
        if value is None or found is None:
            assert found is value, f"{name}: {found}, expected {value}"
        else:
            assert math.isclose(found, value, rel_tol=rel, abs_tol=1e-11), f"{name}: {found!r}, expected {value!r}"


def assert_identical(one: Measures, other: Measures) -> None:
    for field in fields(Measures):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)
