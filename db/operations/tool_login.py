"""Tool logins: PostgreSQL's tools get secrets in files that only this user may read, never in argv."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from db.embedded.programs import plain_environment
from db.operations.atomic_file import replacing

SERVICE: Final = "tracera"
IN_SERVICE: Final = ("sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret")
"""Secrets that libpq takes from a service file; the password comes from a password file, which can escape any character."""


class LoginError(ValueError):
    """The address cannot be used without showing a secret; the message says which part is wrong."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a tool is started with: `conninfo` may be seen by every user of the machine, as argv is."""

    conninfo: str
    environment: dict[str, str]


@contextmanager
def tool_login(database_url: str) -> Iterator[Login]:
    """A login for pg_dump or psql; its files (mode 0600, in a folder of mode 0700) are gone when the block ends.

    Raises:
        LoginError: the address is not libpq's, or a secret in it fits no file.
    """
    try:
        options = {name: str(value) for name, value in conninfo_to_dict(database_url).items() if value is not None}
    except psycopg.ProgrammingError:
        # libpq repeats parts of the address in its message, the password among them.
        raise LoginError(
            "the database's address is not PostgreSQL's: check how its special characters are written"
        ) from None
    environment = plain_environment()
    password = options.pop("password", "")
    hidden = {name: options.pop(name) for name in IN_SERVICE if name in options}
    if hidden and "service" in options:
        raise LoginError(f"put {', '.join(hidden)} into the service file that the database's address names")
    with tempfile.TemporaryDirectory(prefix="tracera-") as folder:
        if password:
            environment.pop("PGPASSWORD", None)  # it would count before the file
            environment["PGPASSFILE"] = _write(Path(folder, "pgpass"), f"*:*:*:*:{_escaped(_one_line(password))}\n")
            options.pop("passfile", None)
        if hidden:
            lines = "".join(f"{name}={_one_line(value)}\n" for name, value in hidden.items())
            environment["PGSERVICEFILE"] = _write(Path(folder, "pg_service.conf"), f"[{SERVICE}]\n{lines}")
            options["service"] = SERVICE
        yield Login(make_conninfo(**options), environment)


def _escaped(password: str) -> str:
    """A field of a password file."""
    return password.replace("\\", "\\\\").replace(":", "\\:")


def _one_line(secret: str) -> str:
    if "\n" in secret or "\r" in secret:
        raise LoginError("a secret in the database's address holds a line break, which no file of libpq can hold")
    return secret


def _write(path: Path, text: str) -> str:
    with replacing(path, private=True) as file:
        file.write(text.encode())
    return str(path)
