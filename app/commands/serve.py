"""`tracera serve`: everything."""

import os
import signal
import subprocess
import sys
import time

import click

from app.auth.secret import session_secret
from app.commands.base import with_settings
from app.runtime import Runtime
from app.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8050, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that share the port."
)
@with_settings
def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Start everything: pages, JSON, live prices and the jobs."""
    if workers > 1:
        _several(settings, host, port, workers)
        return
    from app.serve import serve as run

    run(Runtime(settings), host, port)


def _several(settings: Settings, host: str, port: int, workers: int) -> None:
    """Own the embedded servers here, and let the kernel share the port between processes (SO_REUSEPORT)."""
    runtime = Runtime(settings)
    runtime.start()
    environment = os.environ | {
        "TRACERA_SHARED_PORT": "1",
        "TRACERA_DATABASE_URL": runtime.database_url,
        "TRACERA_REDIS_URL": runtime.redis_url,
        # One secret for all of them: a cookie of one must be good at the others.
        "TRACERA_SESSION_SECRET": session_secret(settings, embedded=runtime.embedded is not None),
    }
    command = [sys.executable, "-m", "app.cli", "serve", "--host", host, "--port", str(port)]
    children = [subprocess.Popen(command, env=environment) for _ in range(workers)]  # noqa: S603  # ourselves

    def end(_number: int, _frame: object) -> None:
        for child in children:
            child.terminate()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        while any(child.poll() is None for child in children):
            time.sleep(0.2)
    finally:
        runtime.stop()
