"""`tracera doctor`: on a running instance, without one, and what it says of proxies."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import orjson
import pytest
from pytest_httpserver import HTTPServer as Answers

from app.commands.diagnosis.machine import check_disk
from app.commands.diagnosis.network import check_address
from app.commands.diagnosis.parts import check_clock
from app.commands.diagnosis.proxy import check_way_in, judge_arrival
from app.security.diagnosis import HEADER, sign
from app.settings import Settings
from tests.commands.support import run
from tests.conftest import Site, free_port

ARRIVED = {
    "peer": "127.0.0.1",
    "trusted": False,
    "client": "127.0.0.1",
    "scheme": "http",
    "host": "localhost:8050",
    "forwarded_for": False,
    "forwarded_proto": False,
    "forwarded_host": False,
}
PROXIED = ARRIVED | {"peer": "10.0.0.2", "client": "198.51.100.7", "scheme": "https", "host": "tracera.example"}
PROXIED |= {"trusted": True, "forwarded_for": True, "forwarded_proto": True, "forwarded_host": True}


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


@pytest.mark.parametrize(
    ("base", "seen", "state", "words"),
    [
        ("http://localhost:8050", ARRIVED, "ok", "without a proxy"),
        ("https://tracera.example", PROXIED, "ok", "through 10.0.0.2, from 198.51.100.7"),
        ("https://tracera.example", PROXIED | {"host": "tracera.example:443"}, "ok", "through 10.0.0.2"),
        (
            "https://tracera.example",
            PROXIED | {"client": "10.0.0.2", "trusted": False},
            "failed",
            "TRACERA_TRUSTED_PROXIES to 10.0.0.2",
        ),
        ("https://tracera.example", PROXIED | {"forwarded_for": False}, "warning", "send X-Forwarded-For"),
        (
            "https://tracera.example",
            PROXIED | {"scheme": "http", "forwarded_proto": False},
            "failed",
            "send X-Forwarded-Proto",
        ),
        ("https://tracera.example", PROXIED | {"host": "127.0.0.1:8050"}, "failed", "X-Forwarded-Host"),
    ],
    ids=["direct", "proxied", "port said", "untrusted", "no client", "no scheme", "other host"],
)
def test_what_a_proxy_lacks_is_said(base: str, seen: dict[str, Any], state: str, words: str) -> None:
    (finding,) = judge_arrival(settings(base_url=base), seen)
    assert (finding.state, words in f"{finding.seen}; {finding.remedy}") == (state, True), finding


def test_a_running_instance_is_well(live_site: Site, tmp_path: Path) -> None:
    done = run(
        tmp_path, "doctor", "--json", TRACERA_BASE_URL=live_site.url, TRACERA_DATA_DIR=str(live_site.data_dir)
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    states = {finding["check"]: finding["state"] for finding in orjson.loads(done.stdout)}
    checks = ("settings", "disk", "database", "schema", "clock", "redis", "address", "proxy", "websocket")
    assert {check: states[check] for check in checks} == dict.fromkeys(checks, "ok")
    assert states["providers"] == "warning"


def test_without_an_instance_it_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    url = f"http://localhost:{free_port()}"
    done = run(tmp_path, "doctor", TRACERA_BASE_URL=url, TRACERA_DATA_DIR=str(data))
    assert done.returncode == 1
    assert "start the instance" in done.stdout
    assert "1 of" in done.stderr
    assert not data.exists()


def test_how_a_request_arrived_is_told_to_nobody_else(live_site: Site) -> None:
    for token in ("", "x", sign("another secret")):
        assert httpx.get(f"{live_site.url}/api/v1/arrival", headers={HEADER: token}).status_code == 404


@pytest.fixture
def other(httpserver: Answers) -> Iterator[str]:
    """A server that is no Tracera and refuses WebSockets."""
    httpserver.expect_request("/healthz").respond_with_data("<h1>Welcome to nginx</h1>", content_type="text/html")
    yield httpserver.url_for("").rstrip("/")
    httpserver.check_assertions()


def test_an_address_that_leads_elsewhere_is_named(other: str) -> None:
    (finding,) = check_way_in(settings(base_url=other), None)
    assert (finding.check, finding.state) == ("address", "failed")
    assert "leads to something else" in finding.seen


def test_a_proxy_that_drops_websockets_is_named(httpserver: Answers) -> None:
    httpserver.expect_request("/healthz").respond_with_json({"status": "ok"})
    httpserver.expect_request("/api/v1/ws").respond_with_data("no", status=400)
    findings = {found.check: found for found in check_way_in(settings(base_url=httpserver.url_for("")), None)}
    assert findings["proxy"].state == "skipped"
    assert (findings["websocket"].state, "Upgrade" in findings["websocket"].remedy) == ("failed", True)


class Late(BaseHTTPRequestHandler):
    """A server whose clock is five minutes behind."""

    def do_GET(self) -> None:
        self.send_response_only(200)
        self.send_header("Date", format_datetime(datetime.now(UTC) - timedelta(minutes=5), usegmt=True))
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def late() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Late)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_provider_that_does_not_answer_and_one_whose_clock_differs(late: str) -> None:
    with httpx.Client(timeout=2) as client:
        answers, clock = check_address(client, "provider x", late, "TRACERA_X_URL")
        (silent,) = check_address(client, "provider y", f"http://127.0.0.1:{free_port()}", "TRACERA_Y_URL")
    assert (answers.state, clock.state, " s ahead of that of 127.0.0.1" in clock.seen) == ("ok", "warning", True)
    assert (silent.state, "TRACERA_Y_URL" in silent.remedy) == ("failed", True)


def test_clocks_are_compared_in_both_directions() -> None:
    assert check_clock("x", 1.5).state == "ok"
    assert "9 s behind that of x" in check_clock("x", -9).seen


def test_room_is_looked_for_where_the_folder_will_be(tmp_path: Path) -> None:
    assert str(tmp_path) in check_disk(tmp_path / "not" / "there").seen
