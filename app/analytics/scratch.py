"""Scratch buffers: memory that is reused for every group of rows.

Fresh matrices for each group would be given back to the system and faulted in again, which costs as much time as the
arithmetic, and would push each other out of the processor's cache.
"""

import math
from typing import Literal

import numpy as np

from app.analytics.arrays import Floats

Name = Literal["values", "closes", "elapsed", "path", "left", "right"]
"""`left` and `right` are for one measure's own use, free again when it returns; the rest is the panel's."""


class Scratch:
    """Six buffers of `cells` float64 each, for one thread at a time."""

    def __init__(self, cells: int) -> None:
        self._buffers: dict[Name, Floats] = {
            name: np.empty(cells) for name in ("values", "closes", "elapsed", "path", "left", "right")
        }

    def matrix(self, name: Name, shape: tuple[int, ...]) -> Floats:
        """The buffer as an array of `shape`, with whatever was in it; it has at most `cells` cells."""
        return self._buffers[name][: math.prod(shape)].reshape(shape)
