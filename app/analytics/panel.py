"""Panel: rows of closes with gaps, laid out so that every measure is a plain reduction along the row."""

from dataclasses import dataclass

import numpy as np

from app.analytics.arrays import Bools, Floats, Ints
from app.analytics.scratch import Scratch


@dataclass(frozen=True, slots=True)
class Panel:
    """Observed closes pushed to the right end of their row, in order; the cells they leave on the left are padding.

    The last k observed closes are then the last k columns, and a weight that depends on age is the same for all rows.
    Padding repeats the row's least close with elapsed 0, so that it adds nothing to sums of differences from that.
    Shapes: (rows, buckets) for the matrices, (rows,) for the rest unless it says otherwise. The large arrays are the
    scratch's own: a panel is good until the next one is made with the same scratch.
    """

    closes: Floats
    elapsed: Floats
    """Buckets since the row's first observed close; a gap makes two neighbours differ by more than 1."""
    samples: Ints
    first: Floats
    last: Floats
    lowest: Floats
    values: Floats
    """(all observed,): the closes of all rows, one after another."""
    offsets: Ints
    """Where each row begins in `values`."""
    positions: Ints
    """(all observed,): where the closes were, as flat indices into the original matrix."""
    filled: Bools
    """Where they are now: False is padding."""

    @property
    def starts(self) -> Ints:
        """Column of the first observed close of each row; the number of buckets in a row without any."""
        return np.subtract(self.closes.shape[1], self.samples)

    @property
    def positive(self) -> Bools:
        """Rows whose closes are all above zero: only they have logarithms."""
        return self.lowest > 0

    def heights(self, out: Floats) -> Floats:
        """Closes less the row's least close, exact 0 in padding; `out` is written and returned."""
        return np.subtract(self.closes, self.lowest[:, np.newaxis], out=out)

    def pick(self, matrix: Floats, out: Floats) -> Floats:
        """Another matrix's cells where closes are observed, in the order of `values`; `out` is written and returned."""
        return _pick(matrix, self.positions, out)

    def lay_out(self, values: Floats, padding: Floats, out: Floats) -> Floats:
        """Values in the order of `values`, moved to where their closes are; `out` is written and returned."""
        return _lay_out(values, padding, self.filled, out)

    def per_row(self, operation: np.ufunc, values: Floats) -> Floats:
        """Reduce each row's share of `values`, ordered like the closes; NaN in rows without any."""
        return _per_row(operation, values, self.offsets, self.samples)

    def firsts(self) -> tuple[Ints, Ints]:
        """Row and column of each row's first observed close."""
        rows = np.flatnonzero(self.samples > 0)
        return rows, self.starts[rows]


def make_panel(closes: Floats, observed: Bools | None, scratch: Scratch) -> Panel:
    """Lay out `closes` (rows, buckets). A close that is not finite, or not `observed`, is a gap."""
    rows, buckets = closes.shape
    mask = np.isfinite(closes)
    if observed is not None:
        mask &= observed
    # Positions are needed for the elapsed times anyway, and a take is twice as fast as a boolean selection.
    positions = np.flatnonzero(mask)
    ends = np.searchsorted(positions, np.arange(rows + 1) * buckets)
    offsets, samples = ends[:-1], np.diff(ends)
    values = _pick(closes, positions, scratch.matrix("values", positions.shape))
    lowest = _per_row(np.minimum, values, offsets, samples)

    filled = np.arange(buckets, dtype=np.int32) >= (buckets - samples).astype(np.int32)[:, np.newaxis]
    moved = _lay_out(values, lowest, filled, scratch.matrix("closes", closes.shape))
    first_column = mask.argmax(axis=1)
    origin = (np.arange(rows) * buckets + first_column).astype(np.float64)
    elapsed = _lay_out(positions, origin, filled, scratch.matrix("elapsed", closes.shape))
    elapsed -= origin[:, np.newaxis]
    first = np.where(samples > 0, closes[np.arange(rows), first_column], np.nan)
    return Panel(moved, elapsed, samples, first, moved[:, -1].copy(), lowest, values, offsets, positions, filled)


def _pick(matrix: Floats, positions: Ints, out: Floats) -> Floats:
    # The positions are valid; "clip" only spares the second buffer that checking them would need.
    return matrix.ravel().take(positions, out=out, mode="clip")


def _lay_out(values: Floats | Ints, padding: Floats, filled: Bools, out: Floats) -> Floats:
    out[...] = padding[:, np.newaxis]
    out[filled] = values
    return out


def _per_row(operation: np.ufunc, values: Floats, offsets: Ints, samples: Ints) -> Floats:
    reduced = np.full(samples.shape, np.nan)
    some = samples > 0
    if some.any():
        reduced[some] = operation.reduceat(values, offsets[some])
    return reduced
