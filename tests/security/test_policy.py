"""Each route, page, callback and message has exactly one row, and no row is left over."""

import re
from typing import get_args

import dash
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.sessions import FILES
from app.live.protocol import Action
from app.live.updates import Kind
from app.runtime import Runtime
from app.security import dash_dispatch, policy
from app.security.access import Access, Group
from app.web.factory import create_server
from tests.conftest import ROOT
from tests.security.conftest import CALL, CALLBACKS, token_of


@pytest.fixture
def application(runtime: Runtime) -> Flask:
    """What is really served, after the first request, which is when Dash completes itself."""
    server = create_server(runtime)
    assert server.test_client().get("/").status_code == 200
    return server


def test_routes(application: Flask) -> None:
    live = {
        (method, rule.rule)
        for rule in application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert live == set(policy.ROUTES)


def test_pages(application: Flask) -> None:
    assert {page["path_template"] or page["path"] for page in dash.page_registry.values()} == set(policy.PAGES)


def test_callbacks(application: Flask) -> None:
    known = application.extensions["tracera.dash"].callback_map
    live = {dash_dispatch.callback_name(output) for output, held in known.items() if "callback" in held}
    assert live == set(policy.CALLBACKS)
    assert dash_dispatch.ROUTER in live, "Dash calls its router by another name: pages would not be guarded"


def test_messages() -> None:
    told = {
        kind
        for source in (ROOT / "app/live").glob("*.py")
        for kind in re.findall(r'"type": "(\w+)"', source.read_text(encoding="utf-8"))
    }
    assert set(get_args(Action)) | set(get_args(Kind)) | told == set(policy.MESSAGES)


def test_rows_make_sense() -> None:
    indirect = {Access.PAGE, Access.CALLBACK}
    for (method, rule), row in policy.ROUTES.items():
        assert method == "GET" or row.group is not Group.FILES, rule
    assert {rule for (_, rule), row in policy.ROUTES.items() if row.access in indirect} == {
        "/",
        "/<path:path>",
        CALLBACKS,
    }
    assert not indirect & set(policy.PAGES.values())
    assert [output for output, access in policy.CALLBACKS.items() if access in indirect] == [dash_dispatch.ROUTER]


def test_a_route_without_a_row_is_refused(runtime: Runtime) -> None:
    server = create_server(runtime)
    server.add_url_rule("/api/v1/forgotten", "forgotten", lambda: "secret")
    reply = server.test_client().get("/api/v1/forgotten")
    assert (reply.status_code, reply.json) == (403, {"error": "nobody may do this"})


def test_a_callback_without_a_row_is_refused(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"X-CSRFToken": token_of(client)}
    assert client.post(CALLBACKS, json=CALL, headers=headers).status_code == 200
    monkeypatch.delitem(policy.CALLBACKS, "search-body.children")
    assert client.post(CALLBACKS, json=CALL, headers=headers).status_code == 403


@pytest.mark.parametrize("body", [[], {}, {"output": 7}, {"output": None}, "x", None])
def test_what_is_no_callback_request_is_refused(client: FlaskClient, body: object) -> None:
    assert client.post(CALLBACKS, json=body, headers={"X-CSRFToken": token_of(client)}).status_code == 400


def test_a_page_without_a_row_is_refused(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    token = token_of(client)
    monkeypatch.delitem(policy.PAGES, "/status")
    assert client.get("/status").status_code == 403
    assert client.post(CALLBACKS, json=route("/status"), headers={"X-CSRFToken": token}).status_code == 403


def test_a_page_for_people_signed_in_leads_to_the_sign_in(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    token = token_of(client)
    monkeypatch.setitem(policy.PAGES, "/status", Access.SIGNED_IN)
    reply = client.get("/status?a=b")
    assert (reply.status_code, reply.location) == (303, "/sign-in?next=%2Fstatus%3Fa%3Db")
    # Inside a page only the router is asked, and neither case nor slashes lead around the row.
    for path in ("/status", "status/", "//status"):
        routed = client.post(CALLBACKS, json=route(path), headers={"X-CSRFToken": token})
        assert routed.status_code == 200
        assert routed.json
        shown = routed.json["response"]["_pages_content"]["children"]
        assert shown["type"] == "Location"
        assert shown["props"]["href"].startswith("/sign-in?next=")


def test_the_router_is_not_talked_into_another_page(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dash goes by the position of inputs, so a path under another name, or a second one, must not count."""
    token = token_of(client)
    monkeypatch.setitem(policy.PAGES, "/status", Access.SIGNED_IN)
    path = {"id": "_pages_location", "property": "pathname", "value": "/"}
    hidden = {"id": "_pages_location", "property": "search", "value": "/status"}
    malformed: list[object] = [[hidden, path], [{"value": "/status"}, path], [[hidden], path], [], {}, None]
    malformed.append([{**path, "value": None}])
    for inputs in malformed:
        reply = client.post(CALLBACKS, json=route("/") | {"inputs": inputs}, headers={"X-CSRFToken": token})
        assert reply.status_code == 400, inputs
    second = {"id": "_pages_location", "property": "pathname", "value": "/status"}
    reply = client.post(CALLBACKS, json=route("/") | {"inputs": [path, second]}, headers={"X-CSRFToken": token})
    assert reply.status_code == 400
    assert b"Status" not in reply.data


@pytest.mark.parametrize("output", ["search-body.children@" + "a" * 64, "shell.navbar"])
def test_a_callback_that_there_is_not(client: FlaskClient, output: str) -> None:
    headers = {"X-CSRFToken": token_of(client)}
    assert client.post(CALLBACKS, json=CALL | {"output": output}, headers=headers).status_code in {403, 404}


def route(path: str) -> dict[str, object]:
    return {
        "output": dash_dispatch.ROUTER,
        "outputs": [
            {"id": "_pages_content", "property": "children"},
            {"id": "_pages_store", "property": "data"},
        ],
        "inputs": [
            {"id": "_pages_location", "property": "pathname", "value": path},
            {"id": "_pages_location", "property": "search", "value": ""},
        ],
        "changedPropIds": ["_pages_location.pathname"],
    }


def test_files_and_nothing_else_are_answered_without_a_session() -> None:
    without = {rule for _method, rule in policy.ROUTES if rule.startswith(FILES)}
    assert without == {rule for (_method, rule), row in policy.ROUTES.items() if row.group is Group.FILES}
