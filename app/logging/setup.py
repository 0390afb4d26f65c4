"""Setup: configures logging, short and coloured for a terminal, JSON for a collector."""

import atexit
import logging
import sys
from collections.abc import Iterable

import structlog
from structlog.typing import Processor

from app.logging.handler import Handler, install_hooks
from app.logging.masking import Masker
from app.logging.pipeline import Clean, Console, Output, Traces, log_summary
from app.logging.repeats import Repeats


def configure(level: str, *, as_json: bool, known: Iterable[str] = ()) -> None:
    """Send every log line, the libraries' too, to standard error in one form.

    Args:
        level: debug, info, warning or error.
        as_json: whether each line is a JSON object.
        known: secrets that are masked wherever they stand.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    output, masker = Output(sys.stderr), Masker(known)
    bound = structlog.make_filtering_bound_logger(number)
    # Repeats are reported to the log that has their trace, even if logging is configured anew meanwhile.
    repeats = Repeats(lambda summary: log_summary(structlog.wrap_logger(output, steps, bound), summary))
    atexit.register(repeats.flush)
    steps: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        Traces(masker, repeats),
        Clean(masker),
        structlog.processors.JSONRenderer() if as_json else Console(colors=sys.stderr.isatty()),
    ]
    structlog.configure(processors=steps, wrapper_class=bound, logger_factory=lambda *_names: output)
    logging.basicConfig(level=max(number, logging.INFO), handlers=[Handler(steps, output)], force=True)
    for noisy in ("apscheduler", "httpx", "httpcore", "yoyo", "psycopg.pool", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(max(number, logging.WARNING))
    # Beside its exceptions it logs lost connections alone, which their callers log.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    # It logs what a task was given, and its failures, which app/tasks/run.py logs.
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    install_hooks()
