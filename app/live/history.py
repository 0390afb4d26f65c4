"""History: the newest price of each item and source of the last minutes, by offset, for clients that missed some."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from app.live.updates import Update
from db.core.price_log import KEPT_SECONDS


@dataclass(slots=True)
class _Trail:
    """What was heard of one item: the newest price of each source, and the last of all."""

    newest: dict[str, Update] = field(default_factory=dict)
    position: int = 0
    heard_at: float = 0.0


class History:
    """State, not log: of what a client missed it gets the newest price of each item, whatever lay between.

    `epoch` names a row of offsets; None until one is heard of. `offset` is the last one heard of that row. A price without
    a number lies before the offset that follows it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.epoch: str | None = None
        self.offset = 0
        self._forgotten = 0
        """The last position that is not remembered any more."""
        self._clock = clock
        self._trails: OrderedDict[int, _Trail] = OrderedDict()

    def begin(self, epoch: str, offset: int) -> None:
        """Take up a row of offsets, of which all up to this one were missed; everything else is forgotten."""
        self.epoch, self.offset, self._forgotten = epoch, offset, offset
        self._trails.clear()

    def skip_to(self, offset: int) -> None:
        """Go on behind an offset: what it was given to was refused."""
        self.offset = max(self.offset, offset)

    def continues(self, update: Update) -> bool:
        """Whether a numbered update is the next one."""
        return update.epoch == self.epoch and update.position == self.offset + 1

    def is_news(self, update: Update) -> bool:
        """Whether an update is not one of those heard before."""
        return not update.epoch or (update.epoch == self.epoch and update.position > self.offset)

    def add(self, updates: Iterable[Update]) -> None:
        """Remember prices in the order of their offsets; other kinds of updates are left out."""
        if self.epoch is None:
            return
        now = self._clock()
        for update in updates:
            if update.variant[0] != "price":
                continue
            if update.epoch:
                self.offset = update.position
            else:
                update.position = self.offset + 1
            trail = self._trails.get(update.item_id)
            if trail is None:
                trail = self._trails[update.item_id] = _Trail()
            else:
                self._trails.move_to_end(update.item_id)
            trail.position, trail.heard_at = update.position, now
            source = update.variant[1]
            known = trail.newest.get(source)
            if known is None or known.at <= update.at:
                trail.newest[source] = update
        self._forget(now - KEPT_SECONDS)

    def _forget(self, before: float) -> None:
        while self._trails:
            item_id, trail = next(iter(self._trails.items()))
            if trail.heard_at >= before:
                break
            del self._trails[item_id]
            self._forgotten = max(self._forgotten, trail.position)

    def covers(self, epoch: str, offset: int) -> bool:
        """Whether everything behind this offset is remembered; never of another epoch, or of what is yet to come."""
        return epoch == self.epoch and self._forgotten <= offset <= self.offset

    def since(self, offset: int, item_ids: Iterable[int]) -> list[Update]:
        """The newest prices of these items, one per source, that came behind an offset, in their order."""
        found = [
            update
            for item_id in item_ids
            if (trail := self._trails.get(item_id)) is not None and trail.position > offset
            for update in trail.newest.values()
            if update.position > offset
        ]
        found.sort(key=lambda update: update.position)
        return found

    def __len__(self) -> int:
        """How many items are remembered."""
        return len(self._trails)
