"""Flask application: JSON encoding, and errors in the contract's form."""

from collections.abc import Callable
from typing import Any

import orjson
import psycopg
import structlog
from dash.exceptions import DependencyException
from flask import Flask, Response, has_request_context, jsonify, request
from flask.json.provider import JSONProvider
from flask_openapi3 import Info, OpenAPI
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, NotFound

from app import __version__
from app.accounts.caller import known_user
from app.security.body_limits import depth, limit_of
from app.security.refusal import API_PREFIXES
from app.settings import Settings
from db.core.pool import DatabaseDownError

log = structlog.get_logger(__name__)


class OrjsonProvider(JSONProvider):
    """Flask's JSON, by orjson: quicker, and times come out as RFC 3339 with a Z."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:
        """Encode."""
        return orjson.dumps(
            obj, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
        ).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """Decode; in a request, what is not nested deeper than its route allows.

        Raises:
            ValueError: not JSON, or too deep.
        """
        if has_request_context():
            max_depth = limit_of(request.path).depth
            if depth(s if isinstance(s, bytes) else s.encode()) > max_depth:
                raise ValueError(f"JSON that is nested deeper than {max_depth} levels")
        return orjson.loads(s)


class SynchronousOpenAPI(OpenAPI):
    """A Flask without coroutines: it does not look at each hook and view of each request whether it is one."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself."""
        return func


def create_flask(settings: Settings) -> OpenAPI:
    """A Flask that describes its JSON routes at /openapi.json."""
    server = SynchronousOpenAPI(
        "app",
        info=Info(title="Tracera", version=__version__, description="Prices, volatility and risk of CS2 items."),
        doc_ui=False,
        doc_prefix="",
        doc_url="/openapi.json",
        validation_error_status=400,
        validation_error_callback=validation_error,
        static_folder=None,
    )
    server.json = OrjsonProvider(server)
    server.config.update(TRACERA_BASE_URL=settings.base_url, MAX_CONTENT_LENGTH=16 * 1024 * 1024)
    return server


def validation_error(error: ValidationError) -> Response:
    """A 400 that names the value and what is allowed."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "request"
    response = jsonify(
        {"error": f"{where}: {first['msg']}" + (f" (got {first['input']!r})" if "input" in first else "")}
    )
    response.status_code = 400
    return response


def register_errors(server: Flask) -> None:
    """Errors of programs' routes as `{"error": …}`; a database that is down is a 503 that says so."""
    server.register_error_handler(psycopg.DataError, _data_error)
    server.register_error_handler(DependencyException, _no_such_file)
    server.register_error_handler(HTTPException, _answer)
    server.register_error_handler(DatabaseDownError, _database_down)
    server.log_exception = _log_failure  # type: ignore[method-assign]  # as one record of our log


def _answer(error: HTTPException) -> Response | HTTPException:
    if not request.path.startswith(API_PREFIXES):
        return error
    response = jsonify({"error": error.description})
    response.status_code = error.code or 500
    for name, value in error.get_headers():  # Allow, Retry-After
        if name.lower() != "content-type":
            response.headers[name] = value
    return response


def _database_down(error: DatabaseDownError) -> Response:
    log.warning(
        "request refused: the database does not answer", method=request.method, path=request.path, error=str(error)
    )
    response = jsonify({"error": "the database does not answer; try again in a few seconds"})
    response.status_code = 503
    response.headers["Retry-After"] = "5"
    return response


def _log_failure(exc_info: Any) -> None:
    route = request.url_rule.rule if request.url_rule else None
    log.error(
        "request failed", method=request.method, path=request.path, route=route, user=known_user(), exc_info=exc_info
    )


def _data_error(error: psycopg.DataError) -> Response:
    """PostgreSQL keeps no NUL in a text, and no number beyond its column's, wherever it came from."""
    if isinstance(error, psycopg.errors.UntranslatableCharacter) or "NUL" in str(error):
        message = "a value holds a NUL character, which is in no name and no text"
    elif isinstance(error, psycopg.errors.NumericValueOutOfRange):
        message = "a number is too large"
    else:
        raise error
    response = jsonify({"error": message})
    response.status_code = 400
    return response


def _no_such_file(_error: DependencyException) -> Response | HTTPException:
    """A library's file that Dash does not know, or that is none of a library's."""
    return _answer(NotFound(f"there is no {request.path}"))
