"""Repairer: mends one gap after the other, and keeps newer candles of a symbol back until what is before them is in."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from app.providers.exchange import Connected, Symbol
from jobs.exchange.buffer import MINUTE
from jobs.exchange.patience import patiently
from jobs.exchange.repair import GapRepair, Repair

LONGEST = 2 * 86_400
"""Seconds that a repair looks back at most; what is older is the history's."""


class Repairer:
    """Repairs of a feed, asked for by `ask`; `plan` and `fill` are its tasks.

    Where a gap begins is known as soon as it is planned. From then on newer candles may be stored, and they are when the exchange
    makes one wait: `held` are the symbols whose newer candles still have to stay back. `on_final` hears of each symbol's last one.
    """

    def __init__(
        self, repair: GapRepair, symbols: Mapping[str, Symbol], on_final: Callable[[str, int], object]
    ) -> None:
        self.held: set[str] = set()
        self._repair, self._symbols, self._on_final = repair, symbols, on_final
        self._asked: asyncio.Queue[Connected] = asyncio.Queue()
        self._planned: asyncio.Queue[Repair] = asyncio.Queue()
        self._pending: Counter[str] = Counter()
        self._unplanned: Counter[str] = Counter()
        self._waiting = False

    def ask(self, connected: Connected) -> None:
        """Candles before now may be missing of these symbols."""
        names = [symbol for symbol in connected.symbols if symbol in self._symbols]
        self.held.update(names)
        self._pending.update(names)
        self._unplanned.update(names)
        self._asked.put_nowait(Connected(tuple(names), connected.cause))

    def is_pending(self, symbol: str) -> bool:
        """Whether a repair of it is asked for and not done."""
        return self._pending[symbol] > 0

    def __len__(self) -> int:
        """How many gaps wait."""
        return self._pending.total()

    async def plan(self) -> None:
        """Find where each gap that is asked for begins, until cancelled."""
        while True:
            connected = await self._asked.get()
            found = [self._symbols[name] for name in connected.symbols if name in self._symbols]
            now = int(self._repair.exchange.now())
            for repair in await self._repair.since_last(found, now, LONGEST, connected.cause):
                self._planned.put_nowait(repair)
            self._unplanned -= Counter(connected.symbols)
            for name in set(connected.symbols).difference(one.symbol for one in found):
                self._done(name)
            if self._waiting:
                self._release()

    async def search(self, cause: str) -> int:
        """Have gaps of the last two days mended; returns how many there are. What is newer is for the others to find."""
        now = int(self._repair.exchange.now()) // MINUTE * MINUTE
        found = await self._repair.gaps(list(self._symbols.values()), now - LONGEST, now - 2 * MINUTE, cause)
        for repair in found:
            self._pending[repair.symbol.symbol] += 1
            self._planned.put_nowait(repair)
        return len(found)

    async def fill(self) -> None:
        """Mend gaps in the order in which they were found, until cancelled."""
        while True:
            repair = await self._planned.get()
            name = repair.symbol.symbol
            last = await patiently(partial(self._repair.fill, repair), f"minutes of {name}", self._wait)
            self._waiting = False
            self._done(name)
            if last is not None:
                self._on_final(name, last)

    def _wait(self) -> None:
        self._waiting = True
        self._release()

    def _release(self) -> None:
        """Let go of symbols all of whose gaps are planned: their candles go on while the exchange is left alone."""
        self.held.intersection_update(self._unplanned)

    def _done(self, name: str) -> None:
        self._pending[name] -= 1
        if self._pending[name] <= 0:
            del self._pending[name]
            self.held.discard(name)
