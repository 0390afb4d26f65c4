"""The `tracera` command."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from app import __version__
from app.logging import configure
from app.settings import Settings, SettingsError, load


class FailureError(click.ClickException):
    """One clear line and exit status 1."""

    exit_code = 1


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the settings; unusable ones and known failures end it with one line."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        from db.embedded import EmbeddedError
        from db.pool import DatabaseDownError

        try:
            settings = load()
            configure(settings.log_level, as_json=settings.log_json)
            return command(settings, *args, **kwargs)
        except (SettingsError, EmbeddedError, DatabaseDownError, ValueError, OSError) as error:
            raise FailureError(str(error)) from error

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tracera")
def main() -> None:
    """Prices, volatility and risk of CS2 items, live, from several markets."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8050, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that share the port.")
@with_settings
def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Start everything: pages, JSON, live prices and the jobs."""
    from app.runtime import Runtime
    from app.serve import serve as run

    del workers
    run(Runtime(settings), host, port)


if __name__ == "__main__":
    sys.exit(main())
