"""Scripts of assets/: their types, and the unit tests beside this file, by Deno without a network."""

import os
import re
import subprocess
from pathlib import Path

import deno

from tests.conftest import ROOT

OFFLINE = ("--no-remote", "--no-npm", "--cached-only")
SCRIPTS = sorted(file.relative_to(ROOT).as_posix() for file in (ROOT / "assets").rglob("*.js"))


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DENO_DIR": str(folder), "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}
    program = [deno.find_deno_bin(), *arguments]
    return subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_types(tmp_path: Path) -> None:
    done = _run(tmp_path, "check", *OFFLINE, "--config", "deno.json", *SCRIPTS)
    assert done.returncode == 0, done.stderr


def test_units(tmp_path: Path) -> None:
    done = _run(tmp_path, "test", *OFFLINE, "--no-check", "--allow-read=tests", "tests/js")
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) > 50


def test_mistakes_are_found(tmp_path: Path) -> None:
    mistakes = {
        f"export {{ nothing }} from '{(ROOT / 'assets/ui/csv.js').as_uri()}';": "TS2305",
        "missing();": "TS2304",
        "export const same = (one) => one;": "TS7006",
        "document.querySelector('#there').focus();": "TS2531",
    }
    file = tmp_path / "wrong.js"
    file.write_text("\n".join(mistakes), encoding="utf-8")
    done = _run(tmp_path / "cache", "check", *OFFLINE, "--config", "deno.json", str(file))
    assert done.returncode == 1
    assert re.findall(r"TS\d+", done.stderr) == list(mistakes.values()), done.stderr
