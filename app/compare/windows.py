"""Windows of a comparison: how far back, how wide a bucket is drawn, and how long a step is that returns are of."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.analytics.arrays import SECONDS_PER_DAY
from app.analytics.windows import WINDOWS as MEASURED
from app.analytics.windows import Window

_DAY: Final = SECONDS_PER_DAY


@dataclass(frozen=True, slots=True)
class Reach:
    """A window with its interval's name; `daily` says that returns are of days, which the index has as well."""

    window: Window
    interval: str
    daily: bool


WINDOWS: Final[Mapping[str, Reach]] = MappingProxyType(
    {
        "24h": Reach(MEASURED["24h"], "1h", daily=False),
        "7d": Reach(MEASURED["7d"], "1h", daily=False),
        # Hours would be too many holes: of most items no sale is as old as the other's.
        "30d": Reach(MEASURED["30d"], "1h", daily=True),
        "90d": Reach(Window("90d", 90 * _DAY, _DAY), "1d", daily=True),
        "1y": Reach(Window("1y", 365 * _DAY, _DAY), "1d", daily=True),
    }
)
DEFAULT: Final = "30d"
