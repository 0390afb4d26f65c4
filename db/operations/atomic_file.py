"""Atomic files: written whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

PRIVATE: Final = 0o600
AS_USUAL: Final = 0o666
"""What the process's umask makes of it."""


@contextmanager
def replacing(path: Path, *, private: bool) -> Iterator[IO[bytes]]:
    """A file that takes its place when the block ends well; else what was there before stays, and nothing is left over.

    Args:
        path: where it shall be. A pipe or a device is written to directly.
        private: whether it is made readable by its owner alone, from its first byte on.

    Raises:
        OSError: it cannot be written.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:
            yield stream
        return
    partial = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.partial")
    try:
        made = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE if private else AS_USUAL)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error  # the file that was asked for, not ours
    try:
        with os.fdopen(made, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
