import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.accounts.methods.registry import BIND
from app.accounts.secret import FILE, session_secret
from app.runtime import Runtime
from app.settings import Settings, SettingsError, load
from app.web.factory import create_server
from tests.accounts.conftest import UNLIMITED, Make
from tests.accounts.support import AUTH, JSON, Visitor


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder whose servers run."""
    folder = tmp_path_factory.mktemp("local") / "data"
    runtime = Runtime(Settings(_env_file=None, data_dir=folder))
    runtime.start()
    yield folder
    runtime.stop()


@pytest.fixture
def application(embedded: Path) -> Iterator[Make]:
    """Makes applications on that folder."""
    made: list[Runtime] = []

    def create(bind: str | None = "127.0.0.1", **settings: Any) -> Flask:
        made.append(Runtime(Settings(_env_file=None, data_dir=embedded, **UNLIMITED, **settings)))
        server = create_server(made[-1])
        if bind is not None:
            server.config[BIND] = bind
        return server

    yield create
    for runtime in made:
        runtime.stop()


def attempt(server: Flask, base_url: str = "http://localhost:8050", **options: Any) -> int:
    visitor = Visitor(server, base_url)
    status = visitor.send("POST", f"{AUTH}/local", {}, **options).status_code
    assert (visitor.me() is not None) == (status == 200)
    return status


def test_the_local_owner_signs_in_with_one_click(application: Make) -> None:
    server = application()
    visitor = Visitor(server, "http://localhost:8050")
    assert visitor.get(f"{AUTH}/providers").get_json()["configured"] == ["local"]
    reply = visitor.send("POST", f"{AUTH}/local", {"next": "/items"})
    assert reply.get_json()["next"] == "/items"
    me = visitor.me() or {}
    assert (me["name"], me["providers"], me["email"]) == ("Local owner", ["local"], None)
    again = Visitor(server, "http://127.0.0.1:8050")
    again.send("POST", f"{AUTH}/local", {})
    assert (again.me() or {})["id"] == me["id"]


@pytest.mark.parametrize(
    "settings",
    [
        {"google_client_id": "x", "google_client_secret": "y"},
        {"github_client_id": "x", "github_client_secret": "y"},
        {"steam_login": True},
        {"smtp_host": "localhost", "smtp_from": "a@b"},
    ],
)
def test_not_once_a_real_method_is_configured(settings: dict[str, Any], application: Make) -> None:
    assert attempt(application(**settings)) == 403


@pytest.mark.parametrize("bind", ["0.0.0.0", "::", "192.168.1.5", "tracera.example", None])  # noqa: S104
def test_local_owner_is_closed_on_another_bind(bind: str | None, application: Make) -> None:
    assert attempt(application(bind)) == 403


def test_not_with_a_public_base_url(application: Make) -> None:
    assert attempt(application(base_url="https://tracera.example")) == 403


def test_local_owner_is_closed_to_another_address(application: Make) -> None:
    assert attempt(application(), environ_base={"REMOTE_ADDR": "192.168.1.9"}) == 403


def test_not_by_a_name_that_was_rebound_to_this_computer(application: Make) -> None:
    assert attempt(application(), "http://evil.example:8050") == 403


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_local_owner_is_closed_through_a_proxy(header: str, application: Make) -> None:
    assert attempt(application(), headers={header: "127.0.0.1"}) == 403


def test_local_owner_is_closed_with_external_servers(runtime: Runtime) -> None:
    server = create_server(runtime)
    server.config[BIND] = "127.0.0.1"
    assert attempt(server) == 403


def test_a_session_of_the_local_owner_ends_when_the_instance_opens_up(application: Make) -> None:
    visitor = Visitor(application(), "http://localhost:8050")
    visitor.send("POST", f"{AUTH}/local", {})
    later = Visitor(application(steam_login=True), "http://localhost:8050")
    later.client.set_cookie("tracera_session", visitor.cookie() or "")
    assert later.get(f"{AUTH}/me", headers=JSON).status_code == 401


def test_the_secret_is_made_once_and_kept_to_ourselves(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path / "data")
    first = session_secret(settings, embedded=True)
    path = tmp_path / "data" / FILE
    assert len(first) >= 32
    assert session_secret(settings, embedded=True) == first == path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [FILE]


def test_a_configured_secret_counts(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, session_secret="s" * 32)
    assert session_secret(settings, embedded=True) == "s" * 32
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"session_secret": "short"}, "TRACERA_SESSION_SECRET"),
        ({"google_client_id": "x"}, "TRACERA_GOOGLE_CLIENT_SECRET"),
        ({"github_client_secret": "x"}, "TRACERA_GITHUB_CLIENT_ID"),
        ({"smtp_host": "x"}, "TRACERA_SMTP_FROM"),
    ],
)
def test_half_a_method_is_an_error(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load(_env_file=None, **settings)
