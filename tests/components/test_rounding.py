"""The server and the browser round by one rule, half away from zero: both read the examples of rounding.json."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from components.format import change, direction, percent
from components.live import format_change

HERE = Path(__file__).parent
EXAMPLES = json.loads((HERE / "rounding.json").read_text("utf-8"))
ASSETS = HERE.parents[1] / "assets"
SCRIPT = """
globalThis.window = globalThis;
const fs = require("node:fs");
for (const path of process.argv.slice(1, 3)) (0, eval)(fs.readFileSync(path, "utf-8"));
const examples = JSON.parse(fs.readFileSync(0, "utf-8"));
const found = {
  change: examples.change.map(([price, base]) => [price, base, ...window.tracera.formatChange(price, base)]),
  percent: examples.percent.map(([value, digits]) => [value, digits, window.tracera.portfolioWords.percentText(value / 100, digits, true)]),
};
process.stdout.write(JSON.stringify(found));
"""


def _plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(("price", "base", "text", "towards"), EXAMPLES["change"])
def test_changes_on_the_server(price: int, base: int, text: str, towards: int) -> None:
    found, way = format_change(price, base)
    assert (_plain(found), way) == (text, towards)


@pytest.mark.parametrize(("value", "digits", "text"), EXAMPLES["percent"])
def test_percents_on_the_server(value: float, digits: int, text: str) -> None:
    assert _plain(change(value, digits).children) == text
    assert _plain(percent(value, digits, signed=True)) == text.removeprefix("▲ ").removeprefix("▼ ")
    assert direction(value, digits) == {"▲": "up", "▼": "down"}.get(text[0], "neutral")


def test_both_in_the_browser() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node to run the scripts")
    scripts = [str(ASSETS / name) for name in ("ui/format.js", "portfolio/format.js")]
    ran = subprocess.run(  # our own scripts
        [node, "-e", SCRIPT, *scripts],
        input=json.dumps(EXAMPLES),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = json.loads(ran.stdout)
    assert [[*row[:2], _plain(row[2]), row[3]] for row in found["change"]] == EXAMPLES["change"]
    assert [[*row[:2], _plain(row[2])] for row in found["percent"]] == EXAMPLES["percent"]
