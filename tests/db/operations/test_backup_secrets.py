"""What other users of the machine see of a backup: no password, and no file that is theirs to read."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from db.embedded import programs
from db.embedded.servers import Endpoints
from db.operations.atomic_file import replacing
from db.operations.tool_login import LoginError, tool_login
from tests.commands.support import environment, fails, run
from tests.conftest import wait_for

pytestmark = pytest.mark.plain  # it changes who is let into the server
PASSWORD = r"p:a\s's w=o%rd#:\\"  # noqa: S105
ROLE = "guarded"


@pytest.fixture(scope="module")
def guarded(endpoints: Endpoints) -> Iterator[str]:
    """A role that PostgreSQL lets in with its password only."""
    with psycopg.connect(endpoints.database_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}").format(sql.Identifier(ROLE), sql.Literal(PASSWORD))
        )
        found = connection.execute("SHOW hba_file").fetchone()
        assert found
        rules = Path(found[0])
        kept = rules.read_text()
        rules.write_text(f"local all {ROLE} scram-sha-256\n{kept}")
        connection.execute("SELECT pg_reload_conf()")
        yield ROLE
        rules.write_text(kept)
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(ROLE)))


@pytest.fixture
def settings(database_url: str, guarded: str, endpoints: Endpoints) -> dict[str, str]:
    """An instance whose database has a password with every character that a file must escape."""
    host = psycopg.conninfo.conninfo_to_dict(database_url)["host"]
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    url = f"postgresql://{guarded}:{quote(PASSWORD, safe='')}@/{name}?host={quote(str(host), safe='')}"
    return {"TRACERA_DATABASE_URL": url, "TRACERA_REDIS_URL": endpoints.redis_url.replace("db=0", "db=9")}


def children(pid: int) -> dict[str, int]:
    """Programs that a process started, by name."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {Path(f"/proc/{child}/comm").read_text().strip(): int(child) for child in listed}


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode()


def variables(pid: int) -> dict[str, str]:
    found = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(one.split("=", 1) for one in found if "=" in one)


def mode(path: str | Path) -> int:
    return Path(path).stat().st_mode & 0o777


def waiting(folder: Path, file: Path, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    """A backup that waits for a table's lock."""
    command = [sys.executable, "-m", "app.cli", "db", "backup", str(file)]
    return subprocess.Popen(command, cwd=folder, env=environment(settings), stderr=subprocess.PIPE, umask=0o000)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [None, signal.SIGTERM, signal.SIGINT])
def test_a_backup_shows_no_password_and_leaves_nothing(
    tmp_path: Path, settings: dict[str, str], database_url: str, ending: signal.Signals | None
) -> None:
    file, private = tmp_path / "copy", tmp_path / "temporary"
    private.mkdir()
    own = settings | {"TMPDIR": str(private), "TRACERA_SESSION_SECRET": "x" * 40}
    with psycopg.connect(database_url) as lock:
        lock.execute("LOCK TABLE items IN ACCESS EXCLUSIVE MODE")
        process = waiting(tmp_path, file, own)
        try:
            wait_for(lambda: "pg_dump" in children(process.pid), 20, "pg_dump does not run")
            dump = children(process.pid)["pg_dump"]
            wait_for(lambda: "PGPASSFILE" in variables(dump), 5, "no password file")
            for spelling in (PASSWORD, quote(PASSWORD, safe="")):
                assert spelling not in command_line(dump)
            assert not [name for name in variables(dump) if name.startswith("TRACERA_")]
            secret = Path(variables(dump)["PGPASSFILE"])
            assert (mode(secret), mode(secret.parent)) == (0o600, 0o700)
            assert [mode(entry) for entry in tmp_path.glob(".copy.*")] == [0o600]
            assert not file.exists()
            if ending:
                process.send_signal(ending)
                process.wait(timeout=20)
        finally:
            lock.rollback()
            _, words = process.communicate(timeout=60)
    assert not secret.exists()
    assert list(private.iterdir()) == []
    assert list(tmp_path.glob(".copy.*")) == []
    if ending is None:
        assert (process.returncode, mode(file)) == (0, 0o600), words
        done = run(tmp_path, "db", "restore", "--yes", str(file), **settings)
        assert done.returncode == 0, done.stderr
    else:
        assert process.returncode != 0
        assert not file.exists()


@pytest.mark.slow
def test_a_restore_shows_no_password_and_one_that_is_killed_changes_nothing(
    tmp_path: Path, settings: dict[str, str], database_url: str
) -> None:
    file = tmp_path / "copy"
    assert run(tmp_path, "db", "backup", str(file), **settings).returncode == 0
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE later (one integer)")
    command = [sys.executable, "-m", "app.cli", "db", "restore", "--yes", str(file)]
    with psycopg.connect(database_url) as lock:
        lock.execute("LOCK TABLE items IN ACCESS SHARE MODE")  # DROP SCHEMA waits for it
        process = subprocess.Popen(command, cwd=tmp_path, env=environment(settings))
        wait_for(lambda: "psql" in children(process.pid), 20, "psql does not run")
        psql = children(process.pid)["psql"]
        wait_for(lambda: "PGPASSFILE" in variables(psql), 5, "no password file")
        for spelling in (PASSWORD, quote(PASSWORD, safe="")):
            assert spelling not in command_line(psql)
        process.kill()
        process.wait(timeout=20)
        lock.rollback()
    wait_for(lambda: not Path(f"/proc/{psql}").exists(), 20, "psql goes on")
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT to_regclass('later') IS NOT NULL").fetchone() == (True,)


@pytest.mark.slow
def test_an_address_that_is_none_is_not_repeated(tmp_path: Path, settings: dict[str, str]) -> None:
    with pytest.raises(LoginError) as caught, tool_login("postgresql://user:hidden%zz@host/db"):
        pass
    assert "hidden" not in str(caught.value)
    with pytest.raises(LoginError), tool_login("postgresql://user:a%0Ab@host/db"):
        pass
    wrong = settings["TRACERA_DATABASE_URL"].replace(quote(PASSWORD, safe=""), "hidden")
    fails(run(tmp_path, "db", "backup", str(tmp_path / "x"), **(settings | {"TRACERA_DATABASE_URL": wrong})))
    assert list(tmp_path.iterdir()) == []


def test_other_secrets_of_an_address_go_into_a_service_file() -> None:
    with tool_login("postgresql://user@host/db?sslpassword=se%20cret&sslmode=require") as login:
        assert "cret" not in login.conninfo
        file = Path(login.environment["PGSERVICEFILE"])
        assert (file.read_text(), mode(file)) == ("[tracera]\nsslpassword=se cret\n", 0o600)
        assert "service=tracera" in login.conninfo
    assert not file.exists()


def test_the_embedded_servers_do_not_get_our_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may run as another user, who may read their environment."""
    monkeypatch.setenv("TRACERA_SMTP_PASSWORD", "secret")
    show = [sys.executable, "-c", "import os; print(*os.environ)"]
    assert programs.spawn(tmp_path, "shown", None, signal.SIGTERM, show).wait(timeout=20) == 0
    names = (tmp_path / "log" / "shown.log").read_text().split()
    assert "PATH" in names
    assert "TRACERA_SMTP_PASSWORD" not in names


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("before")
    with pytest.raises(TypeError), replacing(path, private=False) as file:
        file.writelines([b"half", "no bytes"])  # type: ignore[list-item]
    assert (path.read_text(), list(tmp_path.iterdir())) == ("before", [path])
    before = os.umask(0o022)
    with replacing(path, private=False) as file:
        file.write(b"after")
    os.umask(before)
    assert (path.read_text(), mode(path)) == ("after", 0o644)
