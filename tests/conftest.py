"""Real servers for every test: each test process has its own PostgreSQL and Valkey, each test its own database."""

import contextlib
import gc
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import psutil
import psycopg
import pytest
import redis
import structlog
from flask.testing import FlaskClient
from playwright.sync_api import Browser, BrowserContext

from app.runtime import Runtime
from app.settings import Settings
from app.settings.security import COUNTED
from app.web.factory import create_server
from db.core.pool import Database
from db.embedded.servers import Embedded, Endpoints
from db.timescale import overlay
from tests import chromium, lazy_rules, timescale
from tests.patience import within
from tests.window import PATIENCE, Window

lazy_rules.install()
hypothesis.settings.register_profile("no deadline", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("no deadline")
gc.disable()  # what is imported and collected stays; see pytest_collection_finish
ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
MEMORY = Path("/dev/shm")  # noqa: S108  # made safe by pytest: its folder there is this user's alone
ROOMY = 14 << 30
"""Four processes keep up to 6 GB of databases there, and need 10 for themselves; a full memory ends browsers."""
TIMESCALE = os.environ.pop("TRACERA_TEST_TIMESCALE_URL", "")
"""A server with TimescaleDB, for tests alone: databases are made and dropped there, by one test process at a time."""
if MEMORY.is_dir() and min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available) > ROOMY:
    # Two thousand databases are made and dropped here, hundreds of files each: on a disk that is half of all the time.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what needs the shared instance as slow: every process starts one for its first such test.

    Schemathesis' tests are named by their operation: pytest makes ids of parameters, of which they have none, and all alike.
    """
    if "live_site" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.slow)
    operation = getattr(item, "operation_label", None)
    if operation and operation not in item.nodeid and item.parent:
        item._id = item.parent.id.child(item.originalname).with_params(operation)  # type: ignore[attr-defined]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with browser tests come last: playwright keeps an event loop running, where asyncio.run then refuses.

    With them come those of what is killed, which wait half of their time: browsers use it. Files of long tests come first
    in either part, so that no process has such a file before it when the others are done.
    """
    long = {item.path for item in items if item.get_closest_marker("slow")}

    def place(item: pytest.Item) -> tuple[bool, bool]:
        path = item.path.relative_to(ROOT).as_posix()
        return "browser" in path or "resilience" in path, item.path not in long

    items.sort(key=place)
    same = [name for name, times in Counter(item.nodeid for item in items).items() if times > 1]
    if same:
        raise pytest.UsageError(f"of tests with the same id but one would run: {same}")


def pytest_collection_finish() -> None:
    """Thousands of tests and all that they import stay till the end: looking through them for garbage finds none."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what needs TimescaleDB where there is none, and what needs plain tables where there is."""
    if not TIMESCALE and item.get_closest_marker("timescale"):
        pytest.skip("TRACERA_TEST_TIMESCALE_URL names no server with TimescaleDB")
    if TIMESCALE and item.get_closest_marker("plain"):
        pytest.skip("of plain tables, and this server has TimescaleDB")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Databases go with the run that made them: gigabytes, in memory often. Logs stay."""
    factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    for name in ("postgres", "valkey"):
        for folder in factory.getbasetemp().rglob(name):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def same_log() -> Iterator[None]:
    """A command run in this process sets the log up for itself: later tests find it as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.formatwarning
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(capture=False)
        sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.formatwarning = hooks


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Use the machine's browser."""
    path = chromium.found()
    if path is None:
        pytest.fail("no Chromium on this machine; `make test` installs it where it may, else install it yourself")
    return {**browser_type_launch_args, "executable_path": path, "args": chromium.QUIET}


@pytest.fixture(scope="session")
def shared_window(browser: Browser) -> Iterator[Window]:
    """What most tests of a process share."""
    shared = Window(browser)
    yield shared
    shared.close()


@pytest.fixture
def context(request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A window as if nobody had used it: the shared one, or one for this test alone."""
    if request.node.get_closest_marker("own_window"):
        browser: Browser = request.getfixturevalue("browser")
        with browser.new_context(service_workers="block") as alone:
            alone.set_default_timeout(PATIENCE)
            yield alone
        return
    shared: Window = request.getfixturevalue("shared_window")
    yield shared.lend()
    shared.take_back()


@pytest.fixture(scope="session")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """This test process's PostgreSQL and Valkey; in PostgreSQL's place the server that TRACERA_TEST_TIMESCALE_URL names."""
    if TIMESCALE:
        embedded = Embedded(tmp_path_factory.mktemp("servers"), postgres=False).start()
        with timescale.borrowed(TIMESCALE) as database_url:
            yield Endpoints(database_url, embedded.endpoints().redis_url)
        embedded.stop()
        return
    embedded = Embedded(tmp_path_factory.mktemp("servers")).start()
    with psycopg.connect(embedded.endpoints().database_url, autocommit=True) as connection:
        # Nobody pulls the plug while tests run, and a database for each of them is made and dropped seven times as fast.
        for name in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")
    yield embedded.endpoints()
    embedded.stop()


@pytest.fixture(scope="session")
def template(endpoints: Endpoints) -> str:
    """The name of a migrated, empty database that tests copy."""
    with psycopg.connect(endpoints.database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_tracera")
    overlay.upgrade(endpoints.database_url.replace("/tracera?", "/template_tracera?"))
    return "template_tracera"


@contextlib.contextmanager
def made_database(endpoints: Endpoints, template: str) -> Iterator[str]:
    """Address of a migrated, empty database, which goes with the block."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(endpoints.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        yield endpoints.database_url.replace("/tracera?", f"/{name}?")
        for _ in range(25):  # the test's last connections are ending; DROP would look after them only each 100 ms
            if connection.execute("SELECT FROM pg_stat_activity WHERE datname = %s", (name,)).rowcount == 0:
                break
            time.sleep(0.002)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(endpoints: Endpoints, template: str) -> Iterator[str]:
    """Address of a migrated, empty database that only this test uses."""
    with made_database(endpoints, template) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A pool on a database of the test's own."""
    pool = Database(database_url, size=4)
    yield pool
    pool.close()


@pytest.fixture
def redis_client(endpoints: Endpoints) -> Iterator[redis.Redis]:
    """An empty Valkey."""
    client = redis.Redis.from_url(endpoints.redis_url)
    client.flushdb()
    yield client
    client.close()


@pytest.fixture
def runtime(database_url: str, endpoints: Endpoints, redis_client: redis.Redis) -> Iterator[Runtime]:
    """What the application works with, on the test's own database."""
    del redis_client  # asked for because it empties Valkey
    made = Runtime(Settings(_env_file=None, database_url=database_url, redis_url=endpoints.redis_url))
    yield made
    made.stop()


@pytest.fixture
def client(runtime: Runtime) -> FlaskClient:
    """An HTTP client of a complete application."""
    return create_server(runtime).test_client()


@dataclass(slots=True)
class Site:
    """A running `tracera serve`: its address, data folder and process."""

    url: str
    data_dir: Path
    process: subprocess.Popen[bytes]
    log: Path

    def get(self, path: str, wait: float = 5) -> tuple[int, bytes]:
        """Status and body of a GET; status 0 where nothing answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=wait) as reply:  # noqa: S310  # our own server
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except (urllib.error.URLError, OSError):
            return 0, b""

    def endpoints(self) -> Endpoints:
        """Its embedded servers."""
        return Embedded(self.data_dir).endpoints()


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until a condition holds; fail with what was waited for. `seconds`: what a quiet machine needs."""
    seconds = within(seconds)
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"after {seconds:.0f} s: {what}")
        time.sleep(0.1)


def start_site(data_dir: Path, port: int | None = None, program: str = "app.cli", **settings: str) -> Site:
    """Start `tracera serve` with its own servers; the caller stops the process. `program`: a module that extends it."""
    port = port or free_port()
    log = data_dir.with_suffix(".log")
    known = {name: value for name, value in os.environ.items() if not name.startswith("TRACERA_")}
    environment = known | {"TRACERA_DATA_DIR": str(data_dir), "TRACERA_BASE_URL": f"http://localhost:{port}"}
    # Tests ask more often than people do; those of the limits set them.
    environment |= {f"TRACERA_LIMIT_{group.upper()}": "0" for group in COUNTED} | {"TRACERA_DEMO_PAIRS": "0"} | settings
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", program, "serve", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )
    return Site(f"http://localhost:{port}", data_dir, process, log)


def stop_site(site: Site) -> None:
    """Ctrl-C."""
    site.process.terminate()
    site.process.wait(timeout=60)


@contextlib.contextmanager
def simulated_site(folder: Path, *, measures_every: int = 300) -> Iterator[Site]:
    """A running instance on the simulated market, with a month of history and measures, until the block ends."""
    # Its prices move seldom: each of them keeps the server and every open page busy.
    started = start_site(
        folder / "data",
        TRACERA_DEMO_HISTORY_DAYS="31",
        TRACERA_DEMO_INTERVAL="3",
        TRACERA_METRICS_SECONDS=str(measures_every),
    )
    try:
        ranked = "/api/v1/rankings/volatile?window=30d&limit=1"
        wait_for(lambda: len(started.get(ranked)[1]) > 10, 90, f"no rankings; see {started.log}")
        yield started
    finally:
        stop_site(started)
        shutil.rmtree(started.data_dir)


@pytest.fixture(scope="session")
def live_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The instance that many tests share: a real source's price would silence its simulated market for all of them."""
    with simulated_site(tmp_path_factory.mktemp("site")) as started:
        yield started


@pytest.fixture(scope="session")
def site(live_site: Site) -> str:
    """The address of the running instance."""
    return live_site.url
