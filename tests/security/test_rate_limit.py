"""Limits as clients meet them: statuses and headers, and one count for all processes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from http import HTTPStatus

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from app.runtime import Runtime
from app.security.access import Group
from app.settings import Settings
from app.web.factory import create_server
from db.embedded.servers import Endpoints
from tests.conftest import ROOT
from tests.security.conftest import Person, token_of

HITS = """
import sys, time
import redis
from app.security.access import Group
from app.security.rate_limit import Limiter
from app.security.moving_window import Limit
url, amount, tries, start = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
limiter = Limiter(redis.Redis.from_url(url), {Group.JSON: Limit(amount, 60)})
limiter.hit(Group.JSON, "ip:warm")
time.sleep(max(0, start - time.time()))
print(sum(limiter.hit(Group.JSON, "ip:10.0.0.1")[1].passed for _ in range(tries)))
"""


def limited(database_url: str, endpoints: Endpoints, **limits: str) -> Flask:
    settings = Settings(_env_file=None, database_url=database_url, redis_url=endpoints.redis_url, **limits)  # type: ignore[arg-type]
    return create_server(Runtime(settings))


@pytest.fixture
def few(database_url: str, endpoints: Endpoints, redis_client: redis.Redis) -> FlaskClient:
    return limited(database_url, endpoints, limit_json="3/2", limit_pages="2/60", limit_sign_in="1/60").test_client()


def test_rate_limit_headers_say_what_is_left(few: FlaskClient) -> None:
    reply = few.get("/api/v1/items")
    told = {name: reply.headers[name] for name in dict(reply.headers) if name.startswith("RateLimit")}
    assert told == {
        "RateLimit-Limit": "3",
        "RateLimit-Remaining": "2",
        "RateLimit-Reset": "2",
        "RateLimit-Policy": "3;w=2",
    }


@pytest.mark.slow
def test_beyond_the_limit_requests_are_refused_until_retry_after(few: FlaskClient) -> None:
    assert [few.get("/api/v1/items").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = few.get("/api/v1/items")
    wait = int(refused.headers["Retry-After"])
    assert 1 <= wait <= 2
    assert refused.headers["RateLimit-Reset"] == refused.headers["Retry-After"]
    assert refused.json == {"error": f"more than 3 requests in 2 s; try again in {wait} s"}
    time.sleep(wait)
    assert few.get("/api/v1/items").status_code == 200


def test_groups_and_addresses_are_counted_apart(few: FlaskClient) -> None:
    for _ in range(4):
        few.get("/api/v1/items")
    assert few.get("/api/v1/items").status_code == 429
    assert few.get("/api/v1/items", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 200
    assert few.get("/healthz").status_code == 200
    # One customer of IPv6 has 2^64 addresses.
    six = [few.get("/api/v1/items", environ_base={"REMOTE_ADDR": f"2001:db8::{number}"}) for number in range(1, 5)]
    assert [reply.status_code for reply in six] == [200, 200, 200, 429]


def test_requests_for_missing_paths_are_counted(few: FlaskClient) -> None:
    assert [few.get(f"/api/v1/{number}").status_code for number in range(4)] == [404, 404, 404, 429]
    assert [few.post(f"/nothing/{number}").status_code for number in range(3)] == [405, 405, 429]


def test_browser_beyond_the_limit_gets_a_page(few: FlaskClient) -> None:
    replies = [few.get("/") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[2].mimetype == "text/html"
    assert "Too Many Requests" in replies[2].text


def test_a_user_has_one_limit_wherever_he_is(
    database_url: str, endpoints: Endpoints, redis_client: redis.Redis, person: Callable[[], Person]
) -> None:
    # The session is in Redis and the account in the database, so a second application knows them.
    someone = person()
    server = limited(database_url, endpoints, limit_json="3/60")
    browser = server.test_client()
    cookie = someone.client.get_cookie("tracera_session")
    assert cookie
    browser.set_cookie("tracera_session", cookie.value)
    statuses = [
        browser.get("/api/v1/items", environ_base={"REMOTE_ADDR": f"192.0.2.{number}"}).status_code
        for number in range(4)
    ]
    assert statuses == [200, 200, 200, 429]
    keys = {key.decode() for key in redis_client.scan_iter("ratelimit:{json}:*")}
    assert f"ratelimit:{{json}}:user:{someone.user_id}" in keys
    assert "ratelimit:{json}:ip:192.0.2.0" in keys


def test_files_are_not_counted(few: FlaskClient) -> None:
    for _ in range(5):
        with few.get("/assets/ui/theme.css") as reply:
            assert reply.status_code == HTTPStatus.OK
            assert "RateLimit-Limit" not in reply.headers


@pytest.mark.slow
def test_two_processes_share_one_count(endpoints: Endpoints, redis_client: redis.Redis) -> None:
    amount, tries = 150, 120
    start = time.time() + 3
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", HITS, endpoints.redis_url, str(amount), str(tries), str(start)],
            cwd=ROOT,
            env=dict(os.environ),
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    passed = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert abs(sum(passed) - amount) <= 1
    assert min(passed) > 0, "they did not run at the same time"


def test_sign_in_has_its_own_limit(few: FlaskClient) -> None:
    headers = {"X-CSRFToken": token_of(few)}
    statuses = [
        few.post("/api/v1/auth/magic-link", json={"email": "a@example.com"}, headers=headers).status_code
        for _ in range(2)
    ]
    assert statuses[0] != 429
    assert statuses[1] == 429


@pytest.mark.slow
def test_a_request_costs_little(client: FlaskClient) -> None:
    """The count of one request, with everything it takes; generous, because tests share their machine."""
    limiter = client.application.extensions["tracera.middleware"].limiter
    limiter.hit(Group.JSON, "ip:warm")
    best = 1.0
    for number in range(10):
        begun = time.perf_counter()
        for _ in range(50):
            limiter.hit(Group.JSON, f"ip:{number}")
        best = min(best, (time.perf_counter() - begun) / 50)
    print(json.dumps({"microseconds": round(best * 1e6)}))
    assert best < 0.001
