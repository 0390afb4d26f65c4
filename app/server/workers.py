"""Workers: several processes on one port, replaced when they end; this one owns the embedded servers."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import structlog

from app.accounts.secret import session_secret
from app.runtime import Runtime
from app.server.serve import print_address, start_runtime
from app.server.signals import bind_sockets, handle_signals
from app.settings.files import SUFFIX
from db.embedded.programs import LAUNCH

log = structlog.get_logger(__name__)

CHECK_EVERY = 0.2
MIN_LIFETIME = 5.0
"""A worker that lives shorter than this is replaced that much later, so that a broken setting does not spin."""
STOP_TIMEOUT = 20.0


class Worker:
    """One worker process, started again when it ends."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._command, self._environment = command, environment
        self._child: subprocess.Popen[bytes] | None = None
        self._started = -MIN_LIFETIME

    def keep_alive(self) -> None:
        """Start it unless it runs."""
        if self._child:
            if self._child.poll() is None:
                return
            log.warning("worker ended and is replaced", pid=self._child.pid, code=self._child.returncode)
            self._child = None
        if time.monotonic() - self._started >= MIN_LIFETIME:
            self._started = time.monotonic()
            self._child = subprocess.Popen(self._command, env=self._environment)  # noqa: S603  # ourselves

    def terminate(self) -> None:
        """Ask it to end."""
        if self._child:
            self._child.terminate()

    def wait(self) -> None:
        """Wait until it ended; kill it if that takes too long."""
        if self._child:
            try:
                self._child.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                log.warning("worker killed", pid=self._child.pid)
                self._child.kill()
                self._child.wait()


def serve_with_workers(runtime: Runtime, host: str, port: int, count: int, *, open_browser: bool = False) -> None:
    """Serve by `count` processes until a signal comes; the kernel deals connections out between them.

    Raises:
        PortError: the port is taken.
        EmbeddedError, DatabaseDownError: the database cannot be had.
    """
    with handle_signals() as signals, ExitStack() as cleanup:
        with bind_sockets(host, port, shared=False):
            pass  # workers share the port with any process that also asks to; another instance must not be among them
        cleanup.callback(runtime.stop)
        start_runtime(runtime)
        workers = [Worker(_command(host, port), _environment(runtime)) for _ in range(count)]
        for worker in workers:
            cleanup.callback(worker.wait)
        for worker in workers:
            cleanup.callback(worker.terminate)
        address_printed = False
        while not signals.received:
            for worker in workers:
                worker.keep_alive()
            if not address_printed and _answers(host, port):
                print_address(host, port, runtime.settings, open_browser=open_browser)
                address_printed = True
            time.sleep(CHECK_EVERY)


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _command(host: str, port: int) -> list[str]:
    """A worker's command; the launcher makes Linux end the worker when this process is killed."""
    launch = [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), "-", str(int(signal.SIGTERM))]
    return [*launch, sys.executable, "-m", "app.cli", "serve", "--host", host, "--port", str(port)]


def _environment(runtime: Runtime) -> dict[str, str]:
    ours = {
        "TRACERA_SHARED_PORT": "1",
        "TRACERA_DATABASE_URL": runtime.database_url,
        "TRACERA_REDIS_URL": runtime.redis_url,
        # A token that one process hands out is checked by another.
        "TRACERA_SESSION_SECRET": session_secret(runtime.settings, embedded=runtime.embedded is not None),
    }
    from_files = {name + SUFFIX for name in ours}
    return {name: value for name, value in os.environ.items() if name not in from_files} | ours
