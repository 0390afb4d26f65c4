"""Registration: adds every blueprint of the API, described at /openapi.json by the models that check it."""

from flask import Response, abort, jsonify, request
from flask_openapi3 import OpenAPI
from werkzeug.exceptions import MethodNotAllowed

from app.api import (
    alert_delivery,
    alerts,
    backfills,
    bars,
    compare,
    edges,
    exports,
    gaps,
    history,
    item_analysis,
    items,
    marketwatch,
    operations,
    overlays,
    polling,
    rankings,
    research,
    screener,
    screens,
    symbols,
    tasks,
    udf,
    volatility,
    watchlists,
)
from app.api.portfolio import files, imports, sharing, transactions, views
from app.security.methods import METHODS, allowed_methods
from app.security.openapi import describe


def register_api(server: OpenAPI) -> None:
    """Add every resource, and an answer in the contract's form where there is none."""
    for resource in (
        items,
        screener,
        edges,
        screens,
        history,
        bars,
        gaps,
        polling,
        volatility,
        item_analysis,
        compare,
        rankings,
        symbols,
        overlays,
        udf,
        operations,
        marketwatch,
        watchlists,
        alert_delivery,
        alerts,
        views,
        imports,
        transactions,
        files,
        sharing,
        tasks,
        exports,
        backfills,
        research,
    ):
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
