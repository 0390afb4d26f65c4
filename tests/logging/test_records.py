"""Whole records, of structlog and of the standard library, in both forms."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

from app.logging.handler import Handler
from app.logging.setup import configure
from tests.conftest import ROOT

HOSTILE = "\n2026-01-01 [error] forged\x1b[31m\u2028\u202e\x85"
Read = Callable[[], str]


@pytest.fixture(params=["console", "json"])
def read(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Read:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure("debug", as_json=request.param == "json", known=["a-known-secret"])
    return stream.getvalue


def one_line(text: str) -> str:
    assert text.endswith("\n")
    assert text.count("\n") == 1
    assert text[:-1].isprintable()
    return text


def test_values_and_names_of_ours(read: Read) -> None:
    structlog.get_logger().warning(
        f"hello{HOSTILE}", path=HOSTILE, **{f"na{HOSTILE}me": 1}, cookies={"a": "b c"}, deep=[{"id": "a-known-secret"}]
    )
    line = one_line(read())
    assert "b c" not in line
    assert "a-known-secret" not in line
    assert "hello" in line


@pytest.mark.parametrize("name", ["flask", "uvicorn.error", "apscheduler", "asyncio", "anything"])
def test_messages_and_arguments_of_libraries(read: Read, name: str) -> None:
    logging.getLogger(name).error(
        "%s %r %s", HOSTILE, {"access_token": "ab cd"}, "postgresql://u:p@h/d ada@example.org a-known-secret"
    )
    line = one_line(read())
    for secret in ("ab cd", "u:p", "ada@", "a-known-secret"):
        assert secret not in line


def test_arguments_that_do_not_fit_are_no_failure(read: Read) -> None:
    (handler,) = (one for one in logging.getLogger().handlers if isinstance(one, Handler))
    handler.handle(logging.LogRecord("flask", logging.ERROR, __file__, 1, "%d of %d", ("one",), None))
    assert "TypeError in its arguments" in one_line(read())


def test_names_that_the_console_prints_as_they_come(read: Read) -> None:
    structlog.get_logger().warning("x", exception=HOSTILE, stack=HOSTILE, logger=HOSTILE)
    one_line(read())


def test_value_is_quoted_where_it_could_be_taken_for_two(read: Read) -> None:
    structlog.get_logger().warning("x", path='/a" level=error user="admin', plain="b")
    line = one_line(read())
    if not line.startswith("{"):
        assert "path=\"/a' level=error user='admin\"" in line
        assert "plain=b" in line


def test_trace_of_a_library_and_of_ours_are_the_same_and_written_once(read: Read) -> None:
    for number in range(4):
        try:
            int("x" + HOSTILE)
        except ValueError:
            if number % 2:
                logging.getLogger("asyncio").exception("broke")
            else:
                structlog.get_logger().exception("broke")
    assert read().count("broke") == 1
    assert read().count("Traceback") == 1
    for line in read().splitlines()[1:]:
        assert line.startswith("    ")


def test_log_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure("info", as_json=False)
    stream.close()
    structlog.get_logger().warning("lost")
    logging.getLogger("flask").warning("lost")


UNHANDLED = """
import sys, threading, warnings
from app.logging.setup import configure
configure("info", as_json=sys.argv[1] == "json")
warnings.warn("token=xyzzy\\nforged")
def fail():
    word = "hunter2" * 3
    raise ValueError("password=xyzzy\\nforged" + chr(27))
thread = threading.Thread(target=fail)
thread.start()
thread.join()
class Loose:
    def __del__(self):
        raise KeyError("secret=xyzzy")
Loose()
fail()
"""


@pytest.mark.parametrize("form", ["console", "json"])
def test_what_python_prints_by_itself_goes_through_the_log(form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNHANDLED, form], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "xyzzy" not in done.stderr
    assert "hunter2" not in done.stderr.replace('"hunter2" * 3', "")
    lines = done.stderr.splitlines()
    assert not [line for line in lines if line.startswith(("forged", "Traceback", "Exception"))]
    assert sum(word in done.stderr for word in ("UserWarning", "KeyError", "ValueError")) == 3
    if form == "json":
        assert len([json.loads(line) for line in lines]) == 4


@pytest.mark.slow
def test_failure_of_a_command_does_not_repeat_a_password(tmp_path: Path) -> None:
    """Neither a good address of a server that is away, nor one that libpq reads as something else and repeats."""
    for address in ("postgresql://ada:a%20long-password@127.0.0.1:1/x", "postgresql://ada:a long-password@[::1:/x?y"):
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", "db", "status"],
            cwd=ROOT,
            env={"TRACERA_DATA_DIR": str(tmp_path), "TRACERA_DATABASE_URL": address, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "long-password" not in done.stderr + done.stdout


WSGI = """
import wsgi
try:
    word = "hunter2"
    1 / 0
except ZeroDivisionError:
    wsgi.server.logger.exception("broke\\nforged")
"""


@pytest.mark.slow
def test_wsgi_servers_get_the_same_log(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WSGI],
        cwd=ROOT,
        env={"TRACERA_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "broke\\x0aforged" in done.stderr
    assert "hunter2" not in done.stderr
    assert "    ZeroDivisionError: division by zero" in done.stderr
