"""Checks of this machine: settings, versions, disk."""

import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from app import __version__
from app.commands.diagnosis.finding import Finding
from app.settings import Settings
from app.settings.inspection import unknown_variables

GIGABYTE: Final = 1_000_000_000
LOW_BYTES: Final = 5 * GIGABYTE
FULL_BYTES: Final = GIGABYTE
"""PostgreSQL needs room to write even where nothing is added."""


def check_machine(settings: Settings) -> Iterator[Finding]:
    """Settings, versions and disk; asks nobody."""
    unknown = unknown_variables()
    for variable in unknown:
        meant = f"did you mean {variable.nearest}?" if variable.nearest else "docs/settings.md lists all"
        yield Finding("settings", "warning", f"{variable.name} is no setting", meant)
    if not unknown:
        yield Finding("settings", "ok", "all are known and usable")
    yield Finding("versions", "ok", f"Tracera {__version__}, Python {platform.python_version()}, {platform.platform()}")
    if not (settings.database_url and settings.redis_url):
        yield check_disk(settings.data_dir)


def check_disk(folder: Path) -> Finding:
    """Room where the embedded servers write."""
    place = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    usage = shutil.disk_usage(place)
    seen = f"{usage.free / GIGABYTE:.1f} of {usage.total / GIGABYTE:.0f} GB free at {place}"
    if usage.free < FULL_BYTES:
        return Finding("disk", "failed", seen, "make room, or set TRACERA_DATA_DIR to a larger disk")
    if usage.free < LOW_BYTES:
        return Finding("disk", "warning", seen, "make room soon; TRACERA_RETENTION_DAYS bounds how much is kept")
    return Finding("disk", "ok", seen)
