"""Internals of uvicorn, httptools, websockets and a2wsgi that our subclasses rely on: a version that changes one fails here first."""

import ast
import asyncio
import inspect
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import a2wsgi.wsgi
import httptools
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.server import ServerProtocol

from tests.conftest import ROOT

BOUNDED = ("uvicorn", "httptools", "websockets", "a2wsgi")

# By class of the library: the methods that ours override or call, with their parameters, and the attributes that ours use.
METHODS: dict[type, dict[str, str]] = {
    HttpToolsProtocol: {
        "_should_upgrade": "self",
        "_unset_keepalive_if_required": "self",
        "connection_lost": "self, exc",
        "connection_made": "self, transport",
        "data_received": "self, data",
        "handle_websocket_upgrade": "self",
        "on_body": "self, body",
        "on_header": "self, name, value",
        "on_headers_complete": "self",
        "on_message_begin": "self",
        "on_message_complete": "self",
        "on_response_complete": "self",
        "on_url": "self, url",
        "resume_writing": "self",
        "shutdown": "self",
    },
    WebSocketsSansIOProtocol: {
        "data_received": "self, data",
        "handle_bytes": "self, event",
        "handle_cont": "self, event",
        "handle_ping": "self",
        "handle_pong": "self, event",
        "handle_text": "self, event",
        "keepalive_timeout": "self",
        "receive": "self",
        "run_asgi": "self",
        "shutdown": "self",
    },
    a2wsgi.wsgi.WSGIMiddleware: {
        "__call__": "self, scope, receive, send",
        "__init__": "self, app, workers=10, send_queue_size=10",
    },
    a2wsgi.wsgi.WSGIResponder: {
        "__init__": "self, app, executor, send_queue_size",
        "send": "self, message",
        "start_response": "self, status, response_headers, exc_info=None",
        "wsgi": "self, environ, start_response",
    },
}
ATTRIBUTES: dict[type, set[str]] = {
    HttpToolsProtocol: {"client", "config", "cycle", "headers", "loop", "parser", "pipeline", "transport"},
    WebSocketsSansIOProtocol: {
        "close_sent", "close_timer", "config", "conn", "handshake_complete", "loop", "queue", "read_paused", "transport",
    },
    a2wsgi.wsgi.WSGIMiddleware: {"app", "executor"},
    a2wsgi.wsgi.WSGIResponder: {"exc_info", "loop"},
}  # fmt: skip
OURS = {
    HttpToolsProtocol: ("http_protocol", "BoundedHttp"),
    WebSocketsSansIOProtocol: ("websocket", "LiveWebSocket"),
    a2wsgi.wsgi.WSGIMiddleware: ("wsgi_bridge", "Bridge"),
    a2wsgi.wsgi.WSGIResponder: ("wsgi_bridge", "_Responder"),
}
# Attributes that appear only once a request has begun: set by on_message_begin.
LATE: dict[type, set[str]] = {HttpToolsProtocol: {"url"}}


def parameters(function: Callable[..., Any]) -> str:
    """The parameters' names and defaults, without annotations."""
    signature = inspect.signature(function)
    plain = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    return ", ".join(str(parameter).replace(" = ", "=") for parameter in plain)


def own_class(of: type) -> ast.ClassDef:
    module, name = OURS[of]
    tree = ast.parse((ROOT / "app/server" / f"{module}.py").read_text(encoding="utf-8"))
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)


def used(of: type) -> set[str]:
    """Names that our subclass inherits and uses, or overrides."""
    node = own_class(of)
    defined = {part.name for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)}
    begun = next(part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__")
    set_here = {
        part.attr for part in ast.walk(begun) if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store)
    }
    found = set()
    for part in ast.walk(node):
        if not isinstance(part, ast.Attribute):
            continue
        match part.value:
            case ast.Name("self") if part.attr not in defined | set_here:
                found.add(part.attr)
            case ast.Call(ast.Name("super")):
                found.add(part.attr)
            case _:
                pass
    return found | {name for name in defined if name in vars(of)}


def instance(of: type) -> Any:
    """One as the library makes it."""

    async def make() -> Any:
        application: Any = print  # never called
        if of is a2wsgi.wsgi.WSGIMiddleware:
            return of(application)
        if of is a2wsgi.wsgi.WSGIResponder:
            return of(application, ThreadPoolExecutor(1), 1)
        return of(config=Config(application, ws="none"), server_state=ServerState(), app_state={})

    return asyncio.run(make())


def declared(name: str) -> SpecifierSet:
    project = tomllib.loads(Path(ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return next(r.specifier for r in map(Requirement, project["dependencies"]) if r.name == name)


@pytest.mark.parametrize("name", BOUNDED)
def test_version_is_one_that_was_tried(name: str) -> None:
    bounds = declared(name)
    assert {part.operator for part in bounds} == {">=", "<"}, f"{name} needs both bounds in pyproject.toml"
    assert bounds.contains(version(name)), f"{name} {version(name)} is outside {bounds}"


@pytest.mark.parametrize("of", METHODS, ids=lambda of: of.__name__)
def test_methods_have_the_parameters_that_ours_expect(of: type) -> None:
    assert {name: parameters(getattr(of, name)) for name in METHODS[of]} == METHODS[of]
    assert inspect.iscoroutinefunction(getattr(of, "run_asgi", None)) == (of is WebSocketsSansIOProtocol)


@pytest.mark.parametrize("of", METHODS, ids=lambda of: of.__name__)
def test_attributes_are_there(of: type) -> None:
    made = instance(of)
    assert {name for name in ATTRIBUTES[of] if not hasattr(made, name)} == set()


@pytest.mark.parametrize("of", METHODS, ids=lambda of: of.__name__)
def test_nothing_else_is_used(of: type) -> None:
    assert used(of) - {"__init__", "scope"} - LATE.get(of, set()) == set(METHODS[of]) - {"__init__"} | ATTRIBUTES[of]


def test_what_is_used_of_parsers_cycles_and_environments() -> None:
    assert issubclass(httptools.HttpParserUpgrade, Exception)
    assert issubclass(httptools.HttpParserError, Exception)
    assert callable(httptools.HttpRequestParser(object()).feed_data)
    assert "response_complete" in inspect.getsource(RequestResponseCycle)
    assert "url" in inspect.getsource(HttpToolsProtocol.on_message_begin)
    assert parameters(ServerProtocol.send_close) == "self, code=None, reason=''"
    assert parameters(ServerProtocol.data_to_send) == "self"
    assert ServerProtocol().close_rcvd is None
    assert parameters(a2wsgi.wsgi.build_environ) == "scope, body"
