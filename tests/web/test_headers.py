"""Response headers of every kind of answer, and CORS."""

import re

import pytest
import redis
from flask.testing import FlaskClient
from pydantic import ValidationError

from app.runtime import Runtime
from app.settings import Settings
from app.web.factory import create_server
from db.embedded.servers import Endpoints
from tests.security.conftest import CALL, CALLBACKS, token_of

ANSWERS = (
    "/",
    "/nothing",
    "/api/v1/items",
    "/api/nothing",
    "/healthz",
    "/assets/ui/theme.css",
    "/_dash-layout",
    "/openapi.json",
)
FRIEND, OTHER = "https://friend.example", "https://second.example:8443"


@pytest.fixture
def shared(database_url: str, endpoints: Endpoints, redis_client: redis.Redis) -> FlaskClient:
    settings = Settings(
        _env_file=None,
        database_url=database_url,
        redis_url=endpoints.redis_url,
        base_url="https://tracera.example",
        cors_origins=f"{FRIEND}, {OTHER}",
    )
    return create_server(Runtime(settings)).test_client()


def test_the_header_set(client: FlaskClient) -> None:
    for path in ANSWERS:
        with client.get(path) as reply:
            headers = reply.headers
            assert headers["X-Content-Type-Options"] == "nosniff", path
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert "camera=()" in headers["Permissions-Policy"]
            assert "Strict-Transport-Security" not in headers
            assert "Access-Control-Allow-Origin" not in headers
            policy = parse(headers["Content-Security-Policy"])
            assert policy["frame-ancestors"] == ["'none'"]
            assert policy["base-uri"] == ["'none'"]
            scripts = policy.get("script-src", policy["default-src"])
            assert not [
                word for word in scripts if "unsafe" in word or "http" in word or word in {"*", "data:", "blob:"}
            ]


def parse(policy: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in policy.split("; "))}


def test_csp_lets_only_documents_load_resources(client: FlaskClient) -> None:
    page = parse(client.get("/").headers["Content-Security-Policy"])
    assert page["script-src"][0] == "'self'"
    assert all(re.fullmatch(r"'sha256-[\w+/]{43}='", word) for word in page["script-src"][1:])
    assert parse(client.get("/api/v1/items").headers["Content-Security-Policy"])["default-src"] == ["'none'"]


def test_refusals_have_security_headers(client: FlaskClient) -> None:
    reply = client.post(CALLBACKS, json=CALL)
    assert reply.status_code == 400
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cache-Control"] == "no-store"


def test_under_https_cookies_are_secure_and_https_is_remembered(shared: FlaskClient) -> None:
    reply = shared.get("/", base_url="https://tracera.example")
    assert reply.headers["Strict-Transport-Security"] == "max-age=31536000"
    session, token = (
        cookie(reply.headers.getlist("Set-Cookie"), name) for name in ("__Host-tracera_session", "_csrf_token")
    )
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= session
    assert {"Secure", "SameSite=Lax", "Path=/"} <= token
    assert "HttpOnly" not in token, "Dash's scripts read it"
    assert not [part for part in session if part.startswith("Domain")]


def test_without_https_cookies_are_not_for_scripts(client: FlaskClient) -> None:
    reply = client.get("/")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= cookie(reply.headers.getlist("Set-Cookie"), "tracera_session")


def cookie(headers: list[str], name: str) -> set[str]:
    (found,) = [header for header in headers if header.startswith(f"{name}=")]
    return set(found.split("; ")[1:])


def test_public_json_sets_no_cookie(client: FlaskClient) -> None:
    token_of(client)
    reply = client.get("/api/v1/items")
    assert "Set-Cookie" not in reply.headers
    assert reply.headers["Cache-Control"] == "public, no-cache"


@pytest.mark.parametrize("origin", [FRIEND, OTHER])
def test_named_origins_may_read_json(shared: FlaskClient, origin: str) -> None:
    reply = shared.get("/api/v1/items", headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})
    assert reply.status_code == 200
    assert reply.headers["Access-Control-Allow-Origin"] == origin
    assert "Origin" in reply.headers["Vary"]
    assert "Retry-After" in reply.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in reply.headers


def test_named_origins_may_read_refusals(shared: FlaskClient) -> None:
    reply = shared.get("/api/v1/items?limit=0", headers={"Origin": FRIEND})
    assert (reply.status_code, reply.headers["Access-Control-Allow-Origin"]) == (400, FRIEND)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://friend.example.evil.example", "http://friend.example", "null"]
)
def test_other_origins_get_no_cors_headers(shared: FlaskClient, origin: str) -> None:
    reply = shared.get("/api/v1/items", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in reply.headers
    assert "Origin" in reply.headers["Vary"]


@pytest.mark.parametrize("path", ["/", "/api/v1/auth/csrf", "/_dash-layout", "/api/v1/auth/me"])
def test_pages_and_sign_in_get_no_cors_headers(shared: FlaskClient, path: str) -> None:
    assert "Access-Control-Allow-Origin" not in shared.get(path, headers={"Origin": FRIEND}).headers


def test_preflight(shared: FlaskClient, client: FlaskClient) -> None:
    asked = {
        "Origin": FRIEND,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    reply = shared.options("/api/v1/items", headers=asked)
    assert reply.status_code == 204
    assert reply.headers["Access-Control-Allow-Origin"] == FRIEND
    assert reply.headers["Access-Control-Allow-Methods"] == "GET"
    assert "Authorization" in reply.headers["Access-Control-Allow-Headers"]
    for refused in (
        shared.options("/api/v1/items", headers=asked | {"Origin": "https://evil.example"}),
        shared.options("/api/v1/auth/keys", headers=asked | {"Access-Control-Request-Method": "POST"}),
        client.options("/api/v1/items", headers=asked),
    ):
        assert not [name for name in dict(refused.headers) if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://*.example",
        "friend.example",
        "https://friend.example/path",
        "ftp://friend.example",
        "https://friend.example/",
    ],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError):
        Settings(_env_file=None, cors_origins=origin)
