"""Handler: passes the standard library's records, warnings and unhandled exceptions through the same pipeline."""

import logging
import sys
import threading
import warnings
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import Processor

from app.logging.pipeline import Output

log = structlog.get_logger(__name__)


class Handler(logging.Handler):
    """Takes the standard library's records through the same steps.

    Args:
        steps: processors, the last of which makes a text.
        output: where the text goes.
    """

    def __init__(self, steps: list[Processor], output: Output) -> None:
        super().__init__()
        self._steps = steps
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        method = record.levelname.lower()
        event: Any = {"event": _message(record), "exc_info": record.exc_info}
        try:
            for step in self._steps:
                event = step(None, method, event)
        except structlog.DropEvent:
            return
        except Exception as error:  # noqa: BLE001  # the caller meant to log, not to fail
            event = f"a record of {record.module}:{record.lineno} could not be written: {type(error).__name__}"
        self._output.write(str(event))


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001  # arguments that do not fit, or cannot be printed
        return f"{record.msg!s:.500} ({type(error).__name__} in its arguments)"


def install_hooks() -> None:
    """Log what Python would print to standard error: warnings and unhandled exceptions."""
    logging.captureWarnings(capture=True)
    warnings.formatwarning = _warning
    sys.excepthook = _unhandled
    threading.excepthook = _unhandled_in_thread
    sys.unraisablehook = _unraisable


def _warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    del line
    return f"{filename}:{lineno}: {category.__name__}: {message}"


def _unhandled(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    log.critical("unhandled exception", exc_info=error)


def _unhandled_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        name = args.thread.name if args.thread else None
        log.error("unhandled exception", thread=name, exc_info=args.exc_value)


def _unraisable(args: "sys.UnraisableHookArgs") -> None:
    log.error("an exception that cannot be raised", what=args.err_msg, where=args.object, exc_info=args.exc_value)
