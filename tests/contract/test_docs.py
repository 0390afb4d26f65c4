import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask import Flask

from app import cli
from app.runtime import Runtime
from app.settings import Settings
from app.web.factory import create_server
from tests.conftest import ROOT

# Dash's own routes are no interface of ours; static files and pages are not JSON.
INTERNAL = (
    "/_dash",
    "/assets",
    "/_reload",
    "/_favicon",
    "/app.webmanifest",
    "/static",
    "/<path:path>",
    "/api/<path:rest>",
)


def doc(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_documented_with_its_meaning(name: str) -> None:
    line = next((line for line in doc("settings.md").splitlines() if f"| `TRACERA_{name.upper()}` |" in line), "")
    assert Settings.model_fields[name].description, f"{name} has no description"
    assert str(Settings.model_fields[name].description) in line


def test_no_documented_setting_is_gone() -> None:
    known = {f"TRACERA_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"\| `(TRACERA_[A-Z_]+)` \|", doc("settings.md"))) == known


def server() -> Flask:
    return create_server(Runtime(Settings(_env_file=None, database_url="postgresql:///x", redis_url="redis://x")))


def test_every_route_is_documented() -> None:
    text = doc("api.md")
    for rule in server().url_map.iter_rules():
        if rule.rule.startswith(INTERNAL) or rule.rule == "/":
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        assert f"{path}`" in text, f"{path} is missing from docs/api.md"


def commands(group: click.Command, path: str = "tracera") -> list[str]:
    if not isinstance(group, click.Group):
        return [path]
    context = click.Context(group)
    found = [group.get_command(context, name) for name in group.list_commands(context)]
    return [line for command in found if command for line in commands(command, f"{path} {command.name}")]


def test_every_command_is_documented_and_helps() -> None:
    text = doc("cli.md")
    listed = commands(cli.main)
    assert len(listed) > 8
    for line in listed:
        assert f"`{line}" in text, f"{line} is missing from docs/cli.md"
        result = CliRunner().invoke(cli.main, [*line.split()[1:], "--help"])
        assert result.exit_code == 0, result.output


def test_every_message_is_documented() -> None:
    text = doc("live.md")
    for source in (ROOT / "app/live").glob("*.py"):
        for kind in re.findall(r'"type": "(\w+)"', source.read_text(encoding="utf-8")):
            assert f'"type":"{kind}"' in text, f"{kind} of {source.name} is missing from docs/live.md"


def test_every_gauge_is_documented() -> None:
    text = doc("measures.md")
    source = (ROOT / "app/api/health.py").read_text(encoding="utf-8")
    for name in re.findall(r'Gauge\(\s*"(tracera_\w+)"', source):
        assert name in text


ROOMS = "app|pages|components|jobs|db|assets|tests|docs"
PLACE = re.compile(rf"(?<![\w/.-])(?:{ROOMS})/[\w./-]*\w(?:\.\w+)?/?")


@pytest.mark.parametrize("document", sorted(ROOT.glob("docs/**/*.md")), ids=lambda path: path.stem)
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    named = {place.rstrip("/.") for place in PLACE.findall(document.read_text(encoding="utf-8"))}
    assert not sorted(place for place in named if not (ROOT / place).exists())


def test_the_architecture_names_every_room() -> None:
    text = doc("architecture.md")
    rooms = [folder.name for folder in (ROOT / "app").iterdir() if folder.is_dir() and folder.name != "__pycache__"]
    assert not [room for room in rooms if f"{room}/" not in text]


def test_no_text_holds_the_marks_of_a_merge() -> None:
    marks = re.compile(r"^(<{7}|>{7}|\|{7}) ", re.MULTILINE)
    texts = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*")]
    found = [path.name for path in texts if path.is_file() and marks.search(path.read_text(encoding="utf-8"))]
    assert found == []
