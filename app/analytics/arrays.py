"""Array types of the application, and the two ways in which a value becomes unknown."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Bytes: TypeAlias = npt.NDArray[np.uint8]
Bits: TypeAlias = npt.NDArray[np.uint64]

SECONDS_PER_DAY = 86_400
DAYS_PER_YEAR = 365
"""These markets never close, so a year has 365 days of trading, not 252."""


def known_where(condition: Bools, values: Floats) -> Floats:
    """`values` where `condition` holds and they are finite, NaN (unknown) elsewhere."""
    return np.where(condition & np.isfinite(values), values, np.nan)


def nullable(values: Floats) -> list[float | None]:
    """Numbers as a list, None where they are unknown or not finite."""
    return [value if ok else None for value, ok in zip(values.tolist(), np.isfinite(values).tolist(), strict=True)]
