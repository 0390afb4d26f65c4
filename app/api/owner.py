"""Whose portfolio a request is about. What is somebody else's does not exist."""

from typing import Any, NoReturn

from flask import Response, abort, jsonify, make_response

from app.accounts.caller import caller
from app.api.replies import encode
from app.portfolio.inventory.errors import InventoryError
from app.runtime import services
from db.core.pool import Row
from db.portfolio import portfolios


def owner(*, write: bool = False) -> int:
    """The signed-in user's id; 401 for nobody, 403 for a key that may only read, 503 where it cannot be told."""
    who = caller()
    if who.unknown:
        abort(503, who.why_unknown)
    if who.user_id is None:
        abort(401, "this API key is not valid" if who.refused else "sign in, or send an API key")
    if write and who.scope != "full":
        abort(403, "this API key may only read; make one with full scope")
    return who.user_id


def own_portfolio(user_id: int, portfolio_id: int | None) -> Row:
    """A portfolio of the user's, the main one where none is named; 404 for any other."""
    database = services().database
    if portfolio_id is None:
        return portfolios.default(database, user_id)
    found = portfolios.one(database, user_id, portfolio_id)
    if found is None:
        abort(404, f"you have no portfolio {portfolio_id}")
    return found


def private(value: Any, status: int = 200) -> Response:
    """JSON for its owner alone: no cache keeps it."""
    response = Response(encode(value), status=status, mimetype="application/json")
    response.headers["Cache-Control"] = "private, no-store"
    return response


def refuse(error: InventoryError) -> NoReturn:
    """The answer to an import, or a look, that could not be done."""
    reply = {"error": str(error), "reason": error.reason} | ({} if error.gone is None else {"gone": error.gone})
    response = make_response(jsonify(reply), error.status)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
    abort(response)
