"""The Flask application before anything is served: JSON, errors in the contract's form."""

from typing import Any

import orjson
import psycopg
import structlog
from flask import Flask, Response, jsonify, request
from flask.json.provider import JSONProvider
from flask_openapi3 import Info, OpenAPI
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from app import __version__
from app.settings import Settings
from db.pool import DatabaseDownError

log = structlog.get_logger(__name__)

JSON_PREFIXES = ("/api/", "/auth/", "/udf/")


class OrjsonProvider(JSONProvider):
    """Flask's JSON, by orjson: quicker, and times come out as RFC 3339 with a Z."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:
        """Encode."""
        return orjson.dumps(
            obj, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
        ).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """Decode."""
        return orjson.loads(s)


def create_flask(settings: Settings) -> OpenAPI:
    """A Flask that describes its JSON routes at /openapi.json."""
    server = OpenAPI(
        "app",
        info=Info(title="Tracera", version=__version__, description="Prices, volatility and risk of CS2 items."),
        doc_ui=False,
        doc_prefix="",
        doc_url="/openapi.json",
        validation_error_status=400,
        validation_error_callback=invalid,
        static_folder=None,
    )
    server.json = OrjsonProvider(server)
    server.config.update(TRACERA_BASE_URL=settings.base_url, MAX_CONTENT_LENGTH=16 * 1024 * 1024)
    return server


def invalid(error: ValidationError) -> Response:
    """A 400 that names the value and what is allowed."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "request"
    response = jsonify(
        {"error": f"{where}: {first['msg']}" + (f" (got {first['input']!r})" if "input" in first else "")}
    )
    response.status_code = 400
    return response


def register_errors(server: Flask) -> None:
    """Errors of JSON routes as `{"error": …}`; a database that is down is a 503 that says so."""

    def answer(error: HTTPException) -> Response | HTTPException:
        if not request.path.startswith(JSON_PREFIXES):
            return error
        response = jsonify({"error": error.description})
        response.status_code = error.code or 500
        for name, value in error.get_headers():  # Allow, Retry-After
            if name.lower() != "content-type":
                response.headers[name] = value
        return response

    def down(error: DatabaseDownError) -> Response:
        log.warning(
            "request refused: the database does not answer", method=request.method, path=request.path, error=str(error)
        )
        response = jsonify({"error": "the database does not answer; try again in a few seconds"})
        response.status_code = 503
        response.headers["Retry-After"] = "5"
        return response

    def log_failure(exc_info: Any) -> None:
        log.error("request failed", method=request.method, path=request.path, exc_info=exc_info)

    def unkeepable(error: psycopg.DataError) -> Response:
        """PostgreSQL keeps no NUL in a text, wherever it came from: an address, a form, a callback."""
        if not (isinstance(error, psycopg.errors.UntranslatableCharacter) or "NUL" in str(error)):
            raise error
        response = jsonify({"error": "a value holds a NUL character, which is in no name and no text"})
        response.status_code = 400
        return response

    server.register_error_handler(psycopg.DataError, unkeepable)
    server.register_error_handler(HTTPException, answer)
    server.register_error_handler(DatabaseDownError, down)
    server.log_exception = log_failure  # type: ignore[method-assign]  # Flask would log it a second time in its own words
