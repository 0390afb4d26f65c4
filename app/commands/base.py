"""Command base: settings, failures as one line, and a runtime that is closed at the end."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from types import FrameType
from typing import Any

import click
import redis
import structlog
from rich.console import Console

from app.logging.escaping import escape
from app.logging.known import known_secrets
from app.logging.masking import Masker
from app.logging.setup import configure
from app.runtime import Runtime
from app.settings import Settings, SettingsError, load
from app.settings.inspection import unknown_variables
from db.core.pool import DatabaseDownError
from db.embedded.servers import EmbeddedError
from db.operations.backup import BackupError
from db.operations.transfer import TransferError
from db.timescale.move import MoveError

log = structlog.get_logger(__name__)
# In a file or a pipe nothing is cut to the width of a screen.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 200, soft_wrap=not sys.stdout.isatty())


EXPECTED_ERRORS = (
    SettingsError,
    EmbeddedError,
    DatabaseDownError,
    BackupError,
    MoveError,
    TransferError,
    redis.RedisError,
    ValueError,
    OSError,
)
"""Failures that a message explains; any other is a fault of ours and shows its trace."""
MAX_MESSAGE_LENGTH = 2_000
"""Characters of such a message."""


class FailureError(click.ClickException):
    """One clear line and exit status 1."""

    exit_code = 1


class Moment(click.ParamType[datetime]):
    """A time with a zone; one without is UTC."""

    name = "time"

    def convert(self, value: datetime | str, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read RFC 3339."""
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time like 2024-12-13T00:00:00Z", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the settings; unusable ones and known failures end it with one line."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        masker = Masker()
        try:
            settings = load()
            known = known_secrets(settings)
            masker = Masker(known)
            configure(settings.log_level, as_json=settings.log_json, known=known)
            _warn_of_unknown_variables()
            with _termination():
                return command(settings, *args, **kwargs)
        except EXPECTED_ERRORS as error:
            raise FailureError(escape(masker.text(one_line(error), MAX_MESSAGE_LENGTH))) from error

    return run


def _warn_of_unknown_variables() -> None:
    for unknown in unknown_variables():
        nearest = {"nearest": unknown.nearest} if unknown.nearest else {}
        log.warning("this variable is no setting", variable=unknown.name, **nearest)


@contextmanager
def _termination() -> Iterator[None]:
    """SIGTERM ends a command as an exception does: half-written files and passwords in files are removed."""

    def end(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def one_line(error: Exception) -> str:
    """What an error says, in one line; its name where it says nothing."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


@contextmanager
def running_services(settings: Settings) -> Iterator[Runtime]:
    """A runtime on the running servers, or on ones started for this command."""
    runtime = Runtime(settings, brief=True)
    try:
        runtime.start()
        yield runtime
    finally:
        runtime.stop()
