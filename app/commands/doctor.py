"""`tracera doctor`: looks for what is wrong with an instance and says what to do."""

from collections.abc import Iterator

import click
import orjson
from rich.markup import escape
from rich.table import Table

from app.accounts.secret import FILE, session_secret
from app.commands.base import FailureError, console, with_settings
from app.commands.diagnosis.backups import check_backups
from app.commands.diagnosis.finding import Finding
from app.commands.diagnosis.machine import check_machine
from app.commands.diagnosis.network import check_providers
from app.commands.diagnosis.parts import check_parts
from app.commands.diagnosis.proxy import check_way_in
from app.runtime import Runtime
from app.settings import Settings

COLOURS = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "dim"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_settings
def doctor(settings: Settings, *, as_json: bool) -> None:
    """Check settings, disk, servers, clocks, backups, providers and the way in, and say what to do."""
    findings = list(_findings(settings))
    if as_json:
        click.echo(orjson.dumps(findings, option=orjson.OPT_INDENT_2).decode())
    else:
        console.print(_table(findings))
    failed = sum(finding.state == "failed" for finding in findings)
    if failed:
        raise FailureError(f"{failed} of {len(findings)} checks failed")


def _findings(settings: Settings) -> Iterator[Finding]:
    yield from check_machine(settings)
    runtime = Runtime(settings, brief=True)
    embedded = runtime.embedded
    if embedded and not embedded.ready():
        yield Finding("servers", "warning", "the embedded servers do not run", "start the instance with tracera serve")
    else:
        try:
            yield from check_parts(runtime.services)
            yield from check_backups(settings, runtime.services.database)
        finally:
            runtime.stop()
    yield from check_providers(settings)
    stored = embedded is not None and (settings.data_dir / FILE).exists()
    known = stored or settings.session_secret is not None
    yield from check_way_in(settings, session_secret(settings, embedded=stored) if known else None)


def _table(findings: list[Finding]) -> Table:
    table = Table("check", "state", "seen", "what to do")
    for finding in findings:
        state = f"[{COLOURS[finding.state]}]{finding.state}[/]"
        table.add_row(finding.check, state, escape(finding.seen), escape(finding.remedy))
    return table
