"""Portfolio owner: checks that a request is for the user's own portfolio; any other is a 404."""

from typing import Any, NoReturn

from flask import Response, abort, jsonify, make_response

from app.accounts.caller import caller
from app.api.replies import encode
from app.portfolio.inventory.errors import InventoryError
from app.runtime import services
from db.core.pool import Row
from db.portfolio import portfolios


def owner(*, write: bool = False) -> int:
    """The signed-in user's id; 401 for a visitor, 403 for a key that may only read, 503 where it cannot be checked."""
    found = caller()
    if found.unknown:
        abort(503, found.why_unknown)
    if found.user_id is None:
        abort(401, "this API key is not valid" if found.refused else "sign in, or send an API key")
    if write and found.scope != "full":
        abort(403, "this API key may only read; make one with full scope")
    return found.user_id


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
    """JSON for its owner alone, never cached."""
    response = Response(encode(value), status=status, mimetype="application/json")
    response.headers["Cache-Control"] = "private, no-store"
    return response


def failure_json(error: InventoryError) -> dict[str, Any]:
    """Why an import or profile valuation failed."""
    return {"error": str(error), "reason": error.reason} | ({} if error.gone is None else {"gone": error.gone})


def refuse(error: InventoryError) -> NoReturn:
    """The answer to an import or profile valuation that failed."""
    response = make_response(jsonify(failure_json(error)), error.status)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
    abort(response)
