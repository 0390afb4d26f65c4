"""Pipeline: the steps from a record to a line, for our records and the libraries'."""

import sys
import threading
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger

from app.logging import traces
from app.logging.cleaning import Cleaner
from app.logging.masking import Masker
from app.logging.repeats import Repeats, Summary
from app.logging.traces import Trace

_RENDERED: Final = frozenset({"exception", "stack"})
"""Names that the console's form prints as they come, below the line."""


class Traces:
    """Turns `exc_info` into a bounded trace; drops the record of a trace that was written a moment ago."""

    def __init__(self, masker: Masker, repeats: Repeats) -> None:
        self._masker = masker
        self._repeats = repeats

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        """Take `exc_info` out and put `exception` in.

        Raises:
            structlog.DropEvent: the trace is counted instead.
        """
        error = _error(event.pop("exc_info", None))
        if error is None:
            return event
        if not self._repeats.should_log(traces.fingerprint(error), traces.place(error)):
            raise structlog.DropEvent
        event["exception"] = traces.render(error, self._masker.text)
        return event


class Clean:
    """Masks, escapes and bounds names and values."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        """A new event of plain values."""
        cleaner = Cleaner(self._masker)
        cleaned: EventDict = {}
        for name, value in event.items():
            if isinstance(value, Trace):
                cleaned[name] = value
            else:
                cleaned[cleaner.text(f"{name}_" if name in _RENDERED else name)] = cleaner.value(name, value)
        if isinstance(text := cleaned.get("event"), str):
            cleaned["event"] = text.removesuffix("\\x0a")
        return cleaned


class Console(structlog.dev.ConsoleRenderer):
    """structlog's form for people, with texts in quotation marks where they could be taken for another value."""

    def __init__(self, *, colors: bool) -> None:
        super().__init__(colors=colors, exception_formatter=structlog.dev.plain_traceback)

    def _repr(self, val: Any) -> str:
        if not isinstance(val, str):
            return repr(val)
        plain = val and not any(char in val for char in " =\"'")
        return val if plain else '"' + val.replace('"', "'") + '"'


class Output:
    """Where lines go, each in one piece, whichever thread it comes from."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.RLock()  # garbage collected in between may log too

    def write(self, line: str) -> None:
        """Write a line. A log that cannot be written stops nothing else, and there is no other place to say so."""
        try:
            with self._lock:
                self._stream.write(f"{line}\n")
                self._stream.flush()
        except (OSError, ValueError, RuntimeError):  # full disk, broken pipe; closed; called again by what is collected
            return

    debug = info = warning = error = critical = fatal = msg = exception = write
    """As structlog calls it, by the level."""


def log_summary(log: FilteringBoundLogger, summary: Summary) -> None:
    """Log how often a trace came again."""
    times = "once" if summary.repeated == 1 else f"{summary.repeated} times"
    event = f"the same trace repeated {times} in the last minute"
    log.error(event, trace=summary.place)


def _error(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if isinstance(exc_info[1], BaseException) else None
    return sys.exc_info()[1] if exc_info else None
