"""`tracera serve` from an empty folder to live prices, its end, and several processes on one port."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import orjson
import psutil
import pytest
from websockets.exceptions import InvalidMessage
from websockets.sync.client import connect
from websockets.typing import Origin

from db.embedded.servers import Embedded
from tests.conftest import ROOT, Site, free_port, start_site, stop_site, wait_for

pytestmark = pytest.mark.slow
QUICK = {"TRACERA_DEMO_HISTORY_DAYS": "1"}
WITHIN = 60.0
"""Generous: a busy machine starts slowly; the figures are printed."""


def processes_of(folder: Path) -> list[psutil.Process]:
    """Servers whose command line or environment names a data folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and str(folder) in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def ready(site: Site, within: float = WITHIN) -> float:
    begun = time.monotonic()
    wait_for(lambda: site.get("/readyz")[0] == 200, within, f"not ready; see {site.log}")
    return time.monotonic() - begun


def hears_a_price(site: Site) -> str:
    """Subscribe to many items and return the first fresh price's time."""
    address = site.url.replace("http", "ws", 1) + "/api/v1/ws"
    # Without a bound on what waits to be read: else a full queue keeps the end of the connection from being seen.
    with connect(address, origin=Origin(site.url), max_queue=None) as client:
        client.send(orjson.dumps({"action": "subscribe", "item_ids": list(range(1, 500))}).decode())
        while True:
            message = orjson.loads(client.recv(WITHIN))
            if message["type"] == "price":
                return str(message["timestamp"])


def hears_again(site: Site) -> bool:
    """The same, or False where the connection went to the worker that is dying: clients try again."""
    try:
        return bool(hears_a_price(site))
    except (InvalidMessage, OSError):
        return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a folder with blanks" / "data"


def begin(folder: Path, **settings: str) -> Site:
    folder.parent.mkdir(exist_ok=True)
    return start_site(folder, None, **(QUICK | settings))


def test_open_hands_the_address_to_the_browser(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" >"{opened}"\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    folder.parent.mkdir()
    port = free_port()
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port), "--open"]
    environment = os.environ | QUICK | {"TRACERA_DATA_DIR": str(folder)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(opened.exists, WITHIN, "no browser was opened")
            wait_for(lambda: opened.read_text() == f"http://localhost:{port}", 5, "another address was opened")
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0


def test_first_start_second_start_and_ctrl_c(folder: Path) -> None:
    first = begin(folder, TRACERA_DEMO_PAIRS="3")
    try:
        print(f"first start: ready after {ready(first):.1f} s")
        assert hears_a_price(first)
        first.process.send_signal(signal.SIGINT)
        assert first.process.wait(20) == 0
        assert processes_of(folder) == []
        log = first.log.read_text()
        assert (
            log.index("Starting the servers")
            < log.index("Schema: migrations applied:")
            < log.index("Tracera is at http://localhost:")
        )
        assert "Traceback" not in log
        assert "Task was destroyed" not in log
        second = begin(folder)
        try:
            seconds = ready(second)
            print(f"second start: ready after {seconds:.1f} s")
            assert hears_a_price(second)
        finally:
            stop_site(second)
        assert second.process.returncode == 0
        assert processes_of(folder) == []
    finally:
        first.process.kill()


def test_ctrl_c_while_it_starts(folder: Path) -> None:
    site = begin(folder)
    wait_for((folder / "log").exists, WITHIN, "no server was started")
    site.process.send_signal(signal.SIGINT)
    assert site.process.wait(20) == 0
    assert "Traceback" not in site.log.read_text()
    wait_for(lambda: processes_of(folder) == [], WITHIN, "servers are left behind")


def test_kill_leaves_no_server_and_a_stale_pid_file_is_no_obstacle(folder: Path) -> None:
    site = begin(folder)
    ready(site)
    site.process.kill()
    site.process.wait()
    wait_for(lambda: processes_of(folder) == [], WITHIN, "servers are left behind")
    pid_file = folder / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{folder / 'postgres'}\n")  # a stranger has that number now
    (Embedded(folder).run_dir / "valkey.pid").write_text(f"{os.getpid()}\n")
    again = begin(folder)
    try:
        ready(again)
    finally:
        stop_site(again)


def test_a_taken_port_is_one_line_and_starts_nothing(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for workers in ("1", "2"):
            command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port), "--workers", workers]
            environment = os.environ | {"TRACERA_DATA_DIR": str(folder)}
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 1
            assert done.stderr.strip().splitlines() == [
                f"Error: cannot listen on 127.0.0.1:{port}: Address already in use; choose another with --host or --port"
            ]
    assert not folder.exists()


def test_commands_at_once_share_one_pair_of_servers(folder: Path) -> None:
    environment = os.environ | {"TRACERA_DATA_DIR": str(folder)}
    commands = [
        subprocess.Popen(
            [sys.executable, "-m", "app.cli", "db", name], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
        )
        for name in ("upgrade", "status", "verify", "upgrade")
    ]
    assert [command.wait(60) for command in commands] == [0, 0, 0, 0]
    assert processes_of(folder) == []


def test_other_commands_attach_to_a_running_instance(folder: Path) -> None:
    environment = os.environ | {"TRACERA_DATA_DIR": str(folder)}
    site = begin(folder)
    try:
        ready(site)
        before = {process.pid for process in processes_of(folder)}
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", "db", "verify"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0
        assert site.get("/readyz")[0] == 200
        assert before <= {process.pid for process in processes_of(folder)}
    finally:
        stop_site(site)


@pytest.fixture
def several(folder: Path) -> Iterator[Site]:
    """Two workers on one port, with a secret from a file."""
    port = free_port()
    folder.parent.mkdir()
    log = folder.with_suffix(".log")
    secret = folder.with_suffix(".secret")
    secret.write_text("s" * 40, encoding="utf-8")
    settings = {
        "TRACERA_DATA_DIR": str(folder),
        "TRACERA_BASE_URL": f"http://localhost:{port}",
        "TRACERA_SESSION_SECRET_FILE": str(secret),
    } | QUICK
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port), "--workers", "2"]
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, stdout=output, stderr=output)
    site = Site(f"http://localhost:{port}", folder, process, log)
    try:
        ready(site, 60)
        yield site
    finally:
        stop_site(site)


def workers_of(site: Site) -> list[int]:
    found = []
    for child in psutil.Process(site.process.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):  # a killed one, a zombie until its parent notices
            if "serve" in child.cmdline():
                found.append(child.pid)
    return found


def test_workers_share_the_port_and_one_of_them_runs_the_jobs(several: Site) -> None:
    wait_for(lambda: len(workers_of(several)) == 2, WITHIN, "not two workers")
    wait_for(lambda: len(listening(several)) == 2, WITHIN, "not both listen")
    for _ in range(12):  # the kernel deals connections out; all of them work
        assert hears_a_price(several)
    assert several.log.read_text().count("this process runs the jobs") == 1
    assert several.log.read_text().count("Tracera is at") == 1


def listening(site: Site) -> set[int]:
    port = int(site.url.rsplit(":", 1)[1])
    return {pid for pid in workers_of(site) if port in ports_of(pid)}


def ports_of(pid: int) -> set[int]:
    try:
        connections = psutil.Process(pid).net_connections("tcp")
    except psutil.NoSuchProcess:  # killed a moment ago; a zombie is one too
        return set()
    return {connection.laddr.port for connection in connections if connection.status == psutil.CONN_LISTEN}


def replaced(site: Site, left: set[int]) -> bool:
    return len(listening(site) - left) == 1


def test_a_killed_worker_is_replaced_and_the_rest_goes_on(several: Site) -> None:
    wait_for(lambda: len(listening(several)) == 2, WITHIN, "not both listen")
    for victim in workers_of(several):  # one of them runs the jobs
        left = listening(several) - {victim}
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: several.get("/healthz")[0] == 200, WITHIN, "nobody answers")
        wait_for(partial(hears_again, several), WITHIN, "nobody sends prices")
        wait_for(partial(replaced, several, left), WITHIN, "the worker was not replaced")


def test_killing_the_first_process_ends_the_workers_too(several: Site) -> None:
    wait_for(lambda: len(listening(several)) == 2, WITHIN, "not both listen")
    workers = workers_of(several)
    several.process.kill()
    several.process.wait()
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in workers), WITHIN, "workers are left behind")
    wait_for(lambda: processes_of(several.data_dir) == [], WITHIN, "servers are left behind")


PLAIN = """
import sys
from werkzeug.serving import make_server
from wsgi import server
with make_server("127.0.0.1", int(sys.argv[1]), server, threaded=True) as plain:
    plain.serve_forever()
"""


def test_wsgi_serves_pages_and_json_alone(folder: Path) -> None:
    port = free_port()
    folder.parent.mkdir()
    settings = {"TRACERA_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    log = folder.with_suffix(".log")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", PLAIN, str(port)], cwd=folder.parent, env=os.environ | settings, stderr=output
        )
    site = Site(f"http://127.0.0.1:{port}", folder, process, log)
    try:
        wait_for(lambda: site.get("/healthz")[0] == 200, WITHIN, f"no answer; see {log}")
        assert not (folder / "postgres").exists()  # nothing is started before it is needed
        wait_for(lambda: site.get("/api/v1/items")[0] == 200, WITHIN, f"no JSON; see {log}")
        status, body = site.get("/items")
        assert (status, b"_dash-config" in body) == (200, True)
        assert orjson.loads(site.get("/stats")[1])["live"] is None
        assert site.get("/api/v1/ws")[0] == 404
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", "ingest"],
            cwd=ROOT,
            env=os.environ | settings,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0
        assert orjson.loads(site.get("/api/v1/items?limit=1")[1])[0]["price"] > 0
    finally:
        process.terminate()
        process.wait(20)
    wait_for(lambda: processes_of(folder) == [], WITHIN, "servers are left behind")


def test_wsgi_without_a_database_says_so_and_recovers(tmp_path: Path) -> None:
    port = free_port()
    outside = Embedded(tmp_path / "outside", redis=False)
    settings = {
        "TRACERA_DATA_DIR": str(tmp_path / "data"),
        "TRACERA_DATABASE_URL": outside.endpoints().database_url,
        "PYTHONPATH": str(ROOT),
    }
    log = tmp_path / "log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", PLAIN, str(port)], cwd=tmp_path, env=os.environ | settings, stderr=output
        )
    site = Site(f"http://127.0.0.1:{port}", tmp_path, process, log)
    try:
        wait_for(lambda: site.get("/healthz")[0] == 200, WITHIN, f"no answer; see {log}")
        assert site.get("/api/v1/items", 20)[0] == 503
        outside.start()
        wait_for(lambda: site.get("/api/v1/items", 20)[0] == 200, WITHIN, f"no JSON; see {log}")
    finally:
        process.terminate()
        process.wait(20)
        outside.stop()
