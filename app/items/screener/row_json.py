"""Row encoder: the screener's rows as JSON, encoded again only when their item changed."""

from threading import Lock

import numpy as np
import orjson

from app.analytics.arrays import Bools, Floats, Ints
from app.items.screener.query import Snapshot, rows

MAX_ROWS_CACHED = 10_000
"""Cached rows of a window, about 8 MB; beyond it all are made anew."""

Texts = dict[str, dict[int, bytes]]
"""By window, then by place in the snapshot."""


class Encoder:
    """What the rows of the newest snapshot are in JSON; safe to use from several threads."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._texts: Texts = {}
        self._lock = Lock()

    def block(self, snapshot: Snapshot, places: Ints, window: str) -> bytes:
        """A JSON array of the rows at these places, as `rows` tells them."""
        known = self._of(snapshot).setdefault(window, {})
        at = places.tolist()
        found = [known.get(place) for place in at]
        missing = [place for place, text in zip(at, found, strict=True) if text is None]
        if missing:
            fresh = rows(snapshot, np.array(missing, dtype=np.int64), window)
            made = {place: orjson.dumps(row) for place, row in zip(missing, fresh, strict=True)}
            found = [made.get(place, text) for place, text in zip(at, found, strict=True)]
            if len(known) + len(made) > MAX_ROWS_CACHED:
                known.clear()
            known.update(made)
        return b"[" + b",".join([text for text in found if text is not None]) + b"]"

    def _of(self, snapshot: Snapshot) -> Texts:
        """The texts of this snapshot; a request that began before the newest one came gets a set of its own."""
        with self._lock:
            newest = self._snapshot
            if snapshot is newest:
                return self._texts
            if newest is not None and newest.version > snapshot.version:
                return {}
            self._texts = _carried(newest, snapshot, self._texts)
            self._snapshot = snapshot
            return self._texts


def _carried(old: Snapshot | None, new: Snapshot, texts: Texts) -> Texts:
    """Copies of the texts that hold for the new snapshot too: requests may still be adding to the old ones."""
    if old is None or old.catalogue is not new.catalogue or old.measured is not new.measured:
        return {}
    if old.sparklines is not new.sparklines or old.prices.stale_after != new.prices.stale_after:
        return {}
    before, after = old.prices, new.prices
    if before.source.names != after.source.names:
        return {}
    changed = before.source.codes != after.source.codes
    for name in ("price", "at", "listings"):
        changed |= _differ(getattr(before, name), getattr(after, name))
    places = np.flatnonzero(changed).tolist()
    copies = {window: known.copy() for window, known in list(texts.items())}
    for known in copies.values():
        for place in places:
            known.pop(place, None)
    return copies


def _differ(before: Floats, after: Floats) -> Bools:
    """Where two columns are not the same; unknown is the same as unknown."""
    found: Bools = (before != after) & ~(np.isnan(before) & np.isnan(after))
    return found
