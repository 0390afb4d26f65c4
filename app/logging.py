"""Log lines: short and coloured for a person, JSON for a collector."""

import logging
import sys

import structlog


def configure(level: str, *, as_json: bool) -> None:
    """Send every log line, the libraries' too, to standard error in one form."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer] if as_json else [*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(level=max(number, logging.INFO), handlers=[handler], force=True)
    for noisy in ("apscheduler", "httpx", "httpcore", "yoyo", "psycopg.pool", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(max(number, logging.WARNING))
    # What it tells beside its exceptions is about connections that are lost, and those are told where it matters.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
