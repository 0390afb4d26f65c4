"""`tracera config`: the settings in force and where each comes from."""

from dataclasses import replace

import click
import orjson
from rich.markup import escape
from rich.table import Table

from app.commands.base import console, with_settings
from app.logging.known import known_secrets
from app.logging.masking import Masker
from app.settings import Settings
from app.settings.inspection import in_force


@click.command()
@click.option("--all", "everything", is_flag=True, help="Settings with their default, too.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, every setting.")
@with_settings
def config(settings: Settings, *, everything: bool, as_json: bool) -> None:
    """Print the settings in force and where each comes from; secrets are hidden."""
    masker = Masker(known_secrets(settings))
    rows = [replace(row, value=row.value and masker.text(row.value, len(row.value))) for row in in_force(settings)]
    if as_json:
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    shown = [row for row in rows if everything or row.origin != "default"]
    if not shown:
        console.print("Every setting has its default; --all shows them.")
        return
    table = Table("setting", "value", "from")
    for row in shown:
        table.add_row(row.variable, escape(row.value or "-"), escape(row.origin))
    console.print(table)
