"""Allowance of an address: what all its connections together may ask for, whichever of them and however often reopened."""

import asyncio
from collections.abc import Callable
from typing import Final

from app.live.rate import TokenBucket

Wanted = Callable[[], bool]
"""Whether who asked is still there."""
FEW: Final = 1_000
"""Addresses that are remembered before those that have asked for nothing lately are forgotten."""


class Allowance:
    """Lets those who ask through in the order they came, each when there is enough for it."""

    def __init__(self, rate: float, burst: float) -> None:
        self._burst = burst
        self._bucket = TokenBucket(rate, burst)
        self._turn = asyncio.Lock()

    async def take(self, events: int, wanted: Wanted) -> None:
        """Wait until so many events are within the rate; more than the burst count as the burst.

        Nothing is used up for one that has gone meanwhile, nor waited for once its turn has come.
        """
        needed = min(events, self._burst)
        async with self._turn:
            while wanted():
                if self._bucket.take(needed):
                    return
                await asyncio.sleep(self._bucket.due(needed))

    def is_idle(self) -> bool:
        """Whether nobody waits and nothing is used up: a new one would be the same."""
        return not self._turn.locked() and self._bucket.is_full()


class Allowances:
    """One allowance for each address, kept while it is not full, whether or not anybody is connected from there."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._kept: dict[str, Allowance] = {}
        self._room = FEW

    async def take(self, address: str | None, events: int, wanted: Wanted) -> None:
        """Wait until so many events of this address are within the rate, or not wanted; without an address nobody waits."""
        if address is not None:
            await self._of(address).take(events, wanted)

    def _of(self, address: str) -> Allowance:
        found = self._kept.get(address)
        if found is None:
            if len(self._kept) >= self._room:
                self._kept = {name: kept for name, kept in self._kept.items() if not kept.is_idle()}
                # Twice as many as are needed now, so that looking through all of them stays rare.
                self._room = max(FEW, 2 * len(self._kept))
            found = self._kept[address] = Allowance(self._rate, self._burst)
        return found

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._kept)
