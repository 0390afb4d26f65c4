"""Repeated traces: the same one is written once a minute, and then how often it came again."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

WINDOW: Final = 60.0
"""Seconds in which a trace is written once."""
MOST: Final = 30
"""Different traces in a window; those beyond are counted together, so that no flood of kinds fills the disk either."""
OTHERS: Final = -1
"""What those beyond are counted under."""


@dataclass(slots=True)
class _Seen:
    since: float
    place: str
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """A trace that came again, and how often."""

    place: str
    repeated: int


class Repeats:
    """Decides which traces are written; threads may share it.

    Args:
        report: called with what was not written once its window is over; from a thread of its own, or by `flush`.
        window: seconds.
    """

    def __init__(self, report: Callable[[Summary], None], window: float = WINDOW) -> None:
        self._report = report
        self._window = window
        self._seen: dict[int, _Seen] = {}
        self._lock = threading.RLock()  # garbage collected in between may log too
        self._timer: threading.Timer | None = None

    def should_log(self, fingerprint: int, place: str) -> bool:
        """Whether a trace is written; one that is not is counted."""
        now = time.monotonic()
        with self._lock:
            ended = self._ended(now)
            held = self._seen.get(fingerprint)
            if held is None and len(self._seen) >= MOST:
                held = self._seen.setdefault(OTHERS, _Seen(now, "other traces"))
            if held is None:
                self._seen[fingerprint] = _Seen(now, place)
            else:
                held.repeated += 1
                self._start_timer(held.since + self._window - now)
        self._report_all(ended)
        return held is None

    def flush(self) -> None:
        """Report everything that was counted, whether its window is over or not."""
        with self._lock:
            ended, self._seen = list(self._seen.values()), {}
            if self._timer:
                self._timer.cancel()
                self._timer = None
        self._report_all(ended)

    def _ended(self, now: float) -> list[_Seen]:
        """Take out those whose window is over."""
        over = [key for key, held in list(self._seen.items()) if now - held.since >= self._window]
        return [self._seen.pop(key) for key in over]

    def _report_all(self, ended: list[_Seen]) -> None:
        for held in ended:
            if held.repeated:
                self._report(Summary(held.place, held.repeated))

    def _start_timer(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = threading.Timer(max(0.0, seconds), self._on_timer)
            self._timer.daemon = True
            self._timer.start()

    def _on_timer(self) -> None:
        now = time.monotonic()
        with self._lock:
            self._timer = None
            ended = self._ended(now)
            waiting = [held.since for held in self._seen.values() if held.repeated]
            if waiting:
                self._start_timer(min(waiting) + self._window - now)
        self._report_all(ended)
