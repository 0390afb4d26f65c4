"""People reach an instance through a real Caddy and a real nginx: sign-in, socket, addresses, limits, tokens, downloads."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis
from websockets.exceptions import InvalidStatus

from db.embedded.servers import Endpoints
from tests.accounts.servers import github
from tests.accounts.servers.wire import serving
from tests.conftest import free_port, made_database, wait_for
from tests.deploy.fleet import Fleet, settings
from tests.deploy.proxies import Front, front, running
from tests.deploy.visitor import AUTH, Visitor, hear, subscribe

pytestmark = pytest.mark.slow
LIMIT = 25
NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Open:
    """A proxy, and the instance behind it."""

    front: Front
    fleet: Fleet

    def visitor(self, **headers: str) -> Visitor:
        """Somebody at an address that nobody else has."""
        return Visitor(self.front, f"127.0.2.{next(NUMBERS)}", **headers)


@pytest.fixture(scope="module", params=["caddy", "nginx"])
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, endpoints: Endpoints, template: str
) -> Iterator[Open]:
    folder = tmp_path_factory.mktemp("proxy")
    at = front(request.param, folder / request.param)
    with redis.Redis.from_url(endpoints.redis_url) as client:
        client.flushdb()
    with made_database(endpoints, template) as database_url, serving(github.app(github.GitHub())) as url:
        more = {
            "TRACERA_GITHUB_CLIENT_ID": "github-id",
            "TRACERA_GITHUB_CLIENT_SECRET": "github-secret",
            "TRACERA_GITHUB_URL": url,
            "TRACERA_GITHUB_API_URL": url,
            "TRACERA_DEMO_INTERVAL": "1",
            "TRACERA_LIMIT_JSON": f"{LIMIT}/60",
        }
        fleet = Fleet(folder, free_port(), settings(at.url, database_url, endpoints, folder, more))
        try:
            fleet.start_web("127.0.0.1")
            with running(at, fleet.addresses, fleet.port):
                yield Open(at, fleet)
        finally:
            fleet.stop()


@pytest.fixture
def visitor(opened: Open) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors, who leave with the test."""
    made: list[Visitor] = []

    def make(**headers: str) -> Visitor:
        made.append(opened.visitor(**headers))
        return made[-1]

    yield make
    for one in made:
        one.close()


Make = Callable[..., Visitor]


def items(visitor: Visitor) -> list[int]:
    """Some items, once there are any."""
    found: list[int] = []

    def look() -> bool:
        found[:] = [row["id"] for row in visitor.get("/api/v1/items?limit=500").json()]
        return len(found) > 100

    wait_for(look, 15, "no items")
    return found


def test_signing_in_and_out(visitor: Make) -> None:
    one = visitor()
    assert one.sign_in()["name"] == "The Octocat"
    (cookie,) = [cookie for cookie in one.client.cookies.jar if cookie.name == "__Host-tracera_session"]
    assert cookie.secure
    (here,) = [entry for entry in one.get(f"{AUTH}/sessions").json()["sessions"] if entry["current"]]
    assert here["address"] == one.address
    assert one.send("POST", f"{AUTH}/logout").status_code < 300
    assert one.get(f"{AUTH}/me").status_code == 401


def test_prices_come_through_as_they_are_published(visitor: Make) -> None:
    one = visitor()
    one.sign_in()
    watched = items(one)
    with one.socket() as socket:
        subscribe(socket, *watched)
        hear(socket, "subscribed")
        begun = datetime.now(UTC)
        news = (hear(socket, "price") for _ in range(2 * len(watched)))
        moment = next(at for price in news if (at := datetime.fromisoformat(price["timestamp"])) > begun)
    assert datetime.now(UTC) - moment < timedelta(seconds=3), "kept back"


def test_another_sites_page_gets_no_socket(visitor: Make) -> None:
    one = visitor()
    one.sign_in()
    with pytest.raises(InvalidStatus) as caught:
        one.socket(origin="https://elsewhere.example")
    assert caught.value.response.status_code == 403


def test_limits_count_the_client_and_not_the_proxy(visitor: Make) -> None:
    greedy, other = visitor(), visitor()
    states = [greedy.get("/api/v1/items?limit=1").status_code for _ in range(LIMIT + 3)]
    assert states == [200] * LIMIT + [429] * 3
    assert other.get("/api/v1/items?limit=1").status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-Ip", "Forwarded"])
def test_nobody_passes_for_another_client(visitor: Make, header: str) -> None:
    greedy = visitor()
    states = [
        greedy.get("/api/v1/items?limit=1", headers={header: f"198.51.100.{number}"}).status_code
        for number in range(LIMIT + 3)
    ]
    assert states == [200] * LIMIT + [429] * 3


def test_whoever_comes_through_a_proxy_is_not_the_local_owner(visitor: Make) -> None:
    one = visitor()
    assert one.send("POST", f"{AUTH}/local").status_code == 403


def test_unsafe_requests_need_a_token_and_our_own_page(visitor: Make, opened: Open) -> None:
    one = visitor()
    one.sign_in()
    path, body = "/api/v1/portfolios", {"name": "Second", "currency": "EUR"}
    bare = one.client.post(path, json=body, headers={"Origin": opened.front.url})
    foreign = one.send("POST", path, body, Origin="https://elsewhere.example")
    good = one.send("POST", path, body)
    assert (bare.status_code, foreign.status_code, good.status_code) == (400, 403, 201)


def test_downloads_come_whole(visitor: Make) -> None:
    one = visitor()
    one.sign_in()
    head = "date,type,item,quantity,price\n"
    lines = "".join(
        f"2024-01-{day:02},buy,Glove Case {number},1,1.00\n" for day in range(1, 29) for number in range(100)
    )
    token = one.get(f"{AUTH}/csrf").json()["token"]
    sent = one.client.post(
        "/api/v1/portfolio/transactions/csv",
        content=(head + lines).encode(),
        headers={"X-CSRF-Token": token, "Origin": one.front.url, "Content-Type": "text/csv"},
    )
    assert (sent.status_code, sent.json().get("added")) == (201, 2800)
    file = one.get("/api/v1/portfolio/export?format=csv")
    assert file.headers["Content-Disposition"] == 'attachment; filename="tracera-transactions.csv"'
    assert file.text.count("\n") == 2801
    account = one.get(f"{AUTH}/export")
    assert "tracera-account.json" in account.headers["Content-Disposition"]
    assert orjson.loads(account.content)


def test_pages_and_their_files(visitor: Make) -> None:
    one = visitor()
    page = one.get("/")
    assert page.headers["Content-Encoding"] in {"br", "gzip"}
    assert "default-src" in page.headers["Content-Security-Policy"]
    assert "max-age" in page.headers["Strict-Transport-Security"]
    (script,) = {part.split('"')[0] for part in page.text.split('src="')[1:] if part.startswith("/assets/tracera/")}
    file = one.get(script)
    assert "immutable" in file.headers["Cache-Control"]
    assert len(file.content) > 10_000


def doctor(opened: Open) -> dict[str, dict[str, Any]]:
    """What `tracera doctor` finds with the instance's settings, by check."""
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "doctor", "--json"],
        cwd=opened.fleet.folder,
        env=opened.fleet.environment() | {"SSL_CERT_FILE": str(opened.front.authority)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return {finding["check"]: finding for finding in orjson.loads(done.stdout)}


def test_the_doctor_finds_nothing_wrong(opened: Open) -> None:
    found = doctor(opened)
    assert {check: found[check]["state"] for check in ("address", "proxy", "websocket")} == {
        "address": "ok", "proxy": "ok", "websocket": "ok",
    }  # fmt: skip
    assert "through 127.0.0.1" in found["proxy"]["seen"]


def test_without_forwarded_headers_the_doctor_says_what_is_missing(opened: Open, tmp_path: Path) -> None:
    if opened.front.name != "nginx":
        pytest.skip("Caddy sends them by itself")
    # Under the same address, so that the instance's own settings stay right.
    silent = Open(Front("nginx", tmp_path, free_port()), opened.fleet)
    with running(silent.front, opened.fleet.addresses, opened.fleet.port, forwards=False):
        silent.fleet.settings["TRACERA_BASE_URL"], before = silent.front.url, silent.fleet.settings["TRACERA_BASE_URL"]
        try:
            found = doctor(silent)
        finally:
            silent.fleet.settings["TRACERA_BASE_URL"] = before
    assert found["proxy"]["state"] == "failed"
    assert "X-Forwarded-Proto" in found["proxy"]["remedy"]


def test_a_folder_of_another_site_is_refused_with_the_reason(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRACERA_")}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "serve"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": os.pathsep.join(sys.path), "TRACERA_BASE_URL": "https://host.example/tracera"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "TRACERA_BASE_URL" in done.stderr
    assert "a host name of its own" in done.stderr
