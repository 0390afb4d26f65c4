"""TA-Lib, imported without pandas.

`import talib` imports pandas where it is installed, to accept its series: 81 MB and 0.3 s or more, in every process that
serves. Without it TA-Lib takes 5 MB. Arrays are all that is passed here, so pandas is hidden while TA-Lib is imported.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Make an import of these modules fail, as if they were not installed, unless they are imported already."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None is how an import is refused
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


with _hidden("pandas", "polars"):
    import talib

__all__ = ["talib"]
