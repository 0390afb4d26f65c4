"""Commands as a person runs them: a process of their own, its exit status and its output."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import ROOT

Done = subprocess.CompletedProcess[str]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("TRACERA_")}
    return known | {"PYTHONPATH": str(ROOT)} | dict(settings)


def run(folder: Path, *arguments: str, typed: str = "", **settings: str) -> Done:
    """`tracera ARGUMENTS`, started in a folder without `.env`."""
    command = [sys.executable, "-m", "app.cli", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment(settings), input=typed, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip


def fails(done: Done, *words: str) -> None:
    """Exit status 1 and one line that holds these words."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert (done.returncode, len(lines)) == (1, 1), done.stderr
    assert lines[0].startswith("Error: ")
    for word in words:
        assert word in lines[0]
