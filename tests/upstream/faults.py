"""What can go wrong with any answer, switched on and off while the server runs."""

import threading
from dataclasses import dataclass, field
from typing import Any

KINDS = {
    "429": "too many requests, with Retry-After if `retry_after` is given",
    "500": "an HTML error page",
    "html": "200 with a page where JSON is expected",
    "redirect": "302 to /login/",
    "truncated": "the connection closes in the middle of the body",
    "cut": "a complete answer whose JSON is cut off",
    "garbage": "`size` bytes that are no JSON",
    "silence": "nothing at all for `seconds`",
    "drip": "a byte every tenth of a second",
    "endless": "a body that never ends",
    "bomb": "a few bytes of brotli that unpack to `size`",
    "empty": "the market's answer for nothing found",
    "null": "the body null",
    "cloudflare": "403 with Cloudflare's page",
    "denied": "401 with a JSON message",
}


@dataclass(slots=True)
class Fault:
    """One fault. `where` is a market's name, a path (with a final `*`: all that begin so), or empty for everything.

    It starts after `after` matching requests and lasts for `times` of them (None: until it is cleared).
    """

    kind: str
    where: str = ""
    times: int | None = None
    after: int = 0
    retry_after: str | None = None
    seconds: float = 5.0
    size: int = 10_000_000

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind!r}; there are {', '.join(KINDS)}")

    def concerns(self, market: str, path: str) -> bool:
        if self.where.endswith("*"):
            return path.startswith(self.where[:-1])
        return self.where in ("", market, path)


@dataclass(slots=True)
class Faults:
    """The faults that are switched on; safe to change from any thread."""

    _active: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, where: str = "", **options: Any) -> None:
        fault = Fault(kind, where, **options)
        with self._lock:
            self._active.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._active.clear()

    def active(self) -> list[Fault]:
        with self._lock:
            return list(self._active)

    def take(self, market: str, path: str) -> Fault | None:
        """The fault for this request, counted down."""
        with self._lock:
            for fault in self._active:
                if not fault.concerns(market, path):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._active.remove(fault)
                return fault
        return None
