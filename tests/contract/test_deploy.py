"""What deploy/ holds agrees with the project: figures, packages, settings, secrets."""

import re
import tomllib

import orjson
import pytest

from app.settings import Settings
from tests.conftest import ROOT
from tests.contract.test_docs import doc

DEPLOY = ROOT / "deploy"


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["prometheus/rules.yaml", "grafana/tracera.json"])
def test_only_figures_that_exist_are_watched(name: str) -> None:
    used = {re.sub("(?<=_seconds)_bucket$", "", figure) for figure in re.findall(r"\btracera_\w+", text(name))}
    assert len(used) > 5
    assert not sorted(figure for figure in used if figure not in doc("measures.md"))


def test_no_two_panels_lie_on_each_other() -> None:
    panels = orjson.loads(text("grafana/tracera.json"))["panels"]
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len({panel["id"] for panel in panels}) == len(panels)


def test_every_rule_says_what_to_do() -> None:
    rules = text("prometheus/rules.yaml").split("- alert:")[1:]
    assert len(rules) > 5
    assert all("summary:" in rule and "description:" in rule and "severity:" in rule for rule in rules)


def test_the_dashboard_takes_its_datasource_as_an_input() -> None:
    dashboard = orjson.loads(text("grafana/tracera.json"))
    assert [given["name"] for given in dashboard["__inputs"]] == ["DS_PROMETHEUS"]
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {"${DS_PROMETHEUS}"}


def test_the_image_holds_every_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for package in packages:
        assert f"COPY {package} {package}\n" in text("Dockerfile")
        assert f"!{package}" in ignored


@pytest.mark.parametrize("name", ["compose.yaml", "Dockerfile", "tracera.service"])
def test_only_settings_that_exist_are_set(name: str) -> None:
    known = {f"TRACERA_{setting.upper()}" for setting in Settings.model_fields}
    used = {variable.removesuffix("_FILE") for variable in re.findall(r"\bTRACERA_[A-Z_]+\b", text(name))}
    assert used - known <= {"TRACERA_DOMAIN"}


def test_no_secret_stands_in_the_settings_of_containers() -> None:
    assert not re.findall(
        r"(?i)(?:password|secret|_key)\w*:\s*[^/\s\[$].*", text("compose.yaml").partition("secrets:\n  database")[0]
    )
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8")


def test_every_service_is_hardened_and_bounded() -> None:
    services = text("compose.yaml").partition("\nservices:\n")[2].partition("\nnetworks:\n")[0]
    blocks = re.split(r"\n  (?=\w+:\n)", "\n" + services)[1:]
    assert len(blocks) == 5
    common = text("compose.yaml").partition("x-tracera: &tracera\n")[2].partition("\n\n")[0]
    for given in blocks:
        block = given + common if "*tracera" in given else given
        assert "<<: *hardened" in block or "<<: [*hardened, " in block
        assert "mem_limit:" in block
        assert "healthcheck:" in block or "caddy" in block or "build:" in block  # the image brings its own
