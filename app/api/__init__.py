"""JSON: one blueprint per resource, described at /openapi.json by the models that check it."""

from contextlib import suppress

from flask import Response, abort, current_app, jsonify, request
from flask_openapi3 import OpenAPI
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.api import history, items, operations, rankings, volatility
from app.guard.openapi import describe

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def register_api(server: OpenAPI) -> None:
    """Add every resource, and an answer in the contract's form where there is none."""
    for resource in (items, history, volatility, rankings, operations):
        server.register_api(resource.blueprint)

    @server.route("/openapi.json")
    def openapi() -> Response:
        """The description of all of it."""
        return jsonify(describe(server.api_doc))

    # Dash answers every path it does not know with its own page; a script deserves a 404, or a 405 and what is allowed.
    @server.route("/api/<path:rest>", methods=METHODS)
    def nothing(rest: str) -> Response:
        if allowed := allowed_methods():
            raise MethodNotAllowed(allowed, f"{request.method} is not for /api/{rest}; allowed: {', '.join(allowed)}")
        abort(404, f"there is no /api/{rest}; /openapi.json lists what there is")


def allowed_methods() -> list[str]:
    """The methods that the current path has a route for, besides the one for paths that have none."""
    adapter = current_app.url_map.bind_to_environ(request.environ)
    found = []
    for method in METHODS:
        with suppress(HTTPException):
            if adapter.match(method=method)[0] != "nothing":
                found.append(method)
    return found
