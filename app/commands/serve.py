"""`tracera serve`: starts pages, JSON, live prices and jobs."""

import click

from app.commands.base import with_settings
from app.runtime import Runtime
from app.server.startup_gc import without_gc
from app.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8050, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that share the port."
)
@click.option("--open", "open_browser", is_flag=True, help="Open the address in the browser once it answers.")
@with_settings
def serve(settings: Settings, host: str, port: int, workers: int, *, open_browser: bool) -> None:
    """Start everything: pages, JSON, live prices and the jobs."""
    if workers > 1:
        from app.server.workers import serve_with_workers

        serve_with_workers(Runtime(settings), host, port, workers, open_browser=open_browser)
        return
    with without_gc():
        from app.server.serve import serve as run

    run(Runtime(settings), host, port, open_browser=open_browser)
