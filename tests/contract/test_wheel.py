"""The wheel holds everything that a start needs: an installed Tracera is the same as one from its folder."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow
PACKAGES = ("app", "pages", "components", "jobs", "db", "assets")


def test_the_wheel_holds_every_file_and_the_command(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("tracera-*.whl")
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES, "wsgi.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    expected = set(tracked.stdout.split("\n")) - {""}
    with zipfile.ZipFile(wheel) as file:
        held = set(file.namelist())
        (scripts,) = [name for name in held if name.endswith(".dist-info/entry_points.txt")]
        assert "tracera = app.cli:main" in file.read(scripts).decode()
    assert len(expected) > 300
    assert expected - held == set()
