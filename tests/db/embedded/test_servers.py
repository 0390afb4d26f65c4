import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
import redis

from db.embedded.programs import service_user, socket_dir, spawn
from db.embedded.servers import Embedded, EmbeddedError
from tests.conftest import ROOT, wait_for
from tests.patience import within

KEEP = """
import sys, time
from pathlib import Path
from db.embedded.servers import Embedded, EmbeddedError
Embedded(Path(sys.argv[1])).start()
print("up", flush=True)
time.sleep(120)
"""


def holder(folder: Path) -> "subprocess.Popen[str]":
    """Another process that owns the servers of a folder."""
    process = subprocess.Popen([sys.executable, "-c", KEEP, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert any(line == "up\n" for line in process.stdout)
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    assert process.stdout
    process.stdout.close()


def servers_of(folder: Path) -> list[int]:
    listing = subprocess.run(["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [
        int(line.split()[0])
        for line in listing.splitlines()
        if str(folder) in line and ("postgres" in line or "valkey" in line)
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as somebody else")
def test_programs_in_a_folder_of_root_alone_find_each_other(tmp_path: Path) -> None:
    closed, data = tmp_path / "closed", tmp_path / "data"
    closed.mkdir(mode=0o700)
    data.mkdir()
    program = closed / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    # As PostgreSQL's programs do: access(2) asks for the real user, whose capabilities it would clear.
    look = "import os, sys; sys.exit(0 if os.getuid() and os.access(sys.argv[1], os.X_OK) else 3)"
    python = os.path.realpath(sys.executable)
    child = spawn(data, "look", service_user(), signal.SIGKILL, [python, "-I", "-S", "-c", look, str(program)])
    assert child.wait(20) == 0


def test_second_start_keeps_rows_and_leaves_no_server(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with blanks"
    first = Embedded(folder).start()
    with psycopg.connect(first.endpoints().database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    first.stop()
    assert servers_of(folder) == []
    begun = time.monotonic()
    second = Embedded(folder).start()
    assert time.monotonic() - begun < within(5)
    with psycopg.connect(second.endpoints().database_url) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    second.stop()


@pytest.mark.slow
def test_another_process_attaches_and_takes_over_when_the_owner_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    owner = holder(folder)
    attached = Embedded(folder).start()
    assert not attached.owner
    end(owner)
    wait_for(lambda: attached.owner and attached.ready(), 20, "the attached process did not take over")
    attached.stop()
    assert servers_of(folder) == []


@pytest.mark.slow
def test_killing_the_owner_leaves_no_server_and_no_committed_row_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    owner = holder(folder)
    url = Embedded(folder).endpoints().database_url
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000)")
    end(owner)
    wait_for(lambda: not servers_of(folder), 20, "servers outlived their owner")
    again = Embedded(folder).start()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
    again.stop()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_killed_server_comes_back(tmp_path: Path, name: str) -> None:
    embedded = Embedded(tmp_path / "data").start()
    listing = subprocess.run(["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    victim = next(
        int(line.split()[0]) for line in listing.splitlines() if str(tmp_path) in line and name in line.split()[1]
    )
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: not embedded.ready(), 5, "the kill did nothing")
    wait_for(embedded.ready, 10, f"{name} did not come back")
    with redis.Redis.from_url(embedded.endpoints().redis_url) as client:
        assert client.ping()
    embedded.stop()


def test_nothing_listens_on_tcp(tmp_path: Path) -> None:
    embedded = Embedded(tmp_path / "data").start()
    listing = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert [
        line
        for line in listing.splitlines()
        if str(tmp_path) in line and "valkey-server" in line and "unixsocket" in line
    ]
    with psycopg.connect(embedded.endpoints().database_url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert (embedded.run_dir.stat().st_mode & 0o777) == 0o700
    embedded.stop()


def test_a_long_path_gets_its_sockets_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 30)
    assert socket_dir(deep) != deep / "run"
    assert len(str(socket_dir(deep))) < 90


@pytest.mark.slow
def test_a_server_that_cannot_start_is_reported_soon_with_its_last_log_line(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    Embedded(folder).start().stop()
    (folder / "postgres" / "PG_VERSION").write_text("9\n")
    broken = Embedded(folder)
    begun = time.monotonic()
    with pytest.raises(EmbeddedError, match=r"postgres does not start: .*(version|PG_VERSION).*look at"):
        broken.start()
    assert time.monotonic() - begun < within(45)
    assert servers_of(folder) == []
    (folder / "postgres" / "PG_VERSION").write_text("18\n")
    broken.start().stop()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match=r"TRACERA_DATA_DIR .*file/data cannot be written"):
        Embedded(tmp_path / "file" / "data").start()


@pytest.mark.slow
def test_an_owner_that_ends_soon_waits_for_others_like_it(tmp_path: Path) -> None:
    owner = Embedded(tmp_path / "data", brief=True).start()
    wait_for(lambda: owner.owner, 5, "nobody owns the servers")
    other = Embedded(tmp_path / "data", brief=True).start()
    ending = threading.Thread(target=owner.stop)
    ending.start()
    time.sleep(0.5)
    assert ending.is_alive()
    assert other.ready()
    other.stop()
    ending.join(30)
    assert not ending.is_alive()
    assert servers_of(tmp_path) == []
