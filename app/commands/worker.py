"""`tracera worker`: runs durable tasks, without pages and jobs."""

import socket
import sys
import time
from contextlib import ExitStack

import click
import redis

from app import __version__
from app.commands.base import FailureError, console, with_settings
from app.runtime import Runtime
from app.server.presence import Presence
from app.server.signals import handle_signals
from app.server.tasks import build_worker, process_name
from app.settings import Settings
from app.telemetry.spans import SPANS
from db.operations import status

CHECK_EVERY = 0.2
KIND = "worker"
LATE = 15.0
"""Seconds without a heartbeat after which a worker is not well; one comes every second."""


@click.command()
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    help="Long tasks at once; TRACERA_TASK_CONCURRENCY where none is named.",
)
@click.option("--check", is_flag=True, help="Only say whether one on this machine is well; exit 1 if not.")
@with_settings
def worker(settings: Settings, concurrency: int | None, *, check: bool) -> None:
    """Run durable tasks until Ctrl-C or SIGTERM: imports, e-mails and what a clock starts."""
    if check:
        check_here(settings)
        return
    runtime = Runtime(settings)
    with handle_signals() as signals, ExitStack() as cleanup:
        cleanup.callback(runtime.stop)
        runtime.start()
        cleanup.callback(SPANS.stop)
        SPANS.start(__version__)
        tasks = build_worker(runtime, concurrency or settings.task_concurrency or 1)
        presence = Presence(runtime.services.redis, process_name(), KIND, beats=True, tasks=tasks.running)
        cleanup.callback(presence.stop)
        presence.start()
        cleanup.callback(tasks.stop)
        tasks.start()
        sys.stdout.write("Tracera runs tasks.\nStop it with Ctrl-C.\n")
        sys.stdout.flush()
        while not signals.received:
            if not tasks.is_alive():
                raise FailureError("the worker's tasks ended by themselves; the log says why")
            time.sleep(CHECK_EVERY)


def check_here(settings: Settings) -> None:
    """Look for a worker of this machine whose heartbeat is fresh; starts nothing.

    Raises:
        FailureError: there is none, or Redis does not answer.
    """
    runtime = Runtime(settings, brief=True)
    try:
        found = status.workers(runtime.services.redis)
    except redis.RedisError as error:
        raise FailureError(f"Redis does not answer: {error}") from error
    finally:
        runtime.stop()
    now = time.time()
    ages = [
        now - one.heartbeat
        for one in found
        if one.does and one.does["kind"] == KIND and one.name.rpartition(":")[0] == socket.gethostname()
    ]
    if not ages:
        raise FailureError("no worker of this machine is known")
    if min(ages) > LATE:
        raise FailureError(f"the last heartbeat came {min(ages):.0f} s ago")
    console.print(f"a worker runs here, its last heartbeat came {max(0.0, min(ages)):.0f} s ago")
