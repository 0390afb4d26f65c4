"""The `tracera` command."""

import importlib
import sys

import click

from app import __version__
from app.server.startup_gc import without_gc

COMMANDS = {
    "serve": "app.commands.serve:serve",
    "worker": "app.commands.worker:worker",
    "tasks": "app.commands.tasks:tasks",
    "ingest": "app.commands.collect:ingest",
    "backfill": "app.commands.backfill.command:backfill",
    "metrics": "app.commands.collect:metrics",
    "db": "app.commands.database:database",
    "export": "app.commands.export:export",
    "backtest": "app.commands.backtest:command",
    "watch": "app.commands.watch:watch",
    "status": "app.commands.watch:status",
    "doctor": "app.commands.doctor:doctor",
    "config": "app.commands.config:config",
}


class Lazy(click.Group):
    """Commands whose modules are imported when they are asked for: `tracera status` need not load Dash."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import one."""
        del ctx
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        with without_gc():
            found: click.Command = getattr(importlib.import_module(module), attribute)
        return found


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tracera")
def main() -> None:
    """Prices, volatility and risk of CS2 items, live, from several markets."""


if __name__ == "__main__":
    sys.exit(main())
