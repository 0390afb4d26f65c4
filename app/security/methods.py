"""Methods of a path: a wrong one is answered by 405, not 404."""

from contextlib import suppress
from typing import Final

from flask import current_app, request
from werkzeug.exceptions import HTTPException

from app.security.access import Access
from app.security.policy import ROUTES

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def allowed_methods() -> list[str]:
    """The methods that do something at the current path."""
    adapter = current_app.url_map.bind_to_environ(request.environ)
    found = []
    for method in METHODS:
        with suppress(HTTPException):
            rule, _ = adapter.match(method=method, return_rule=True)
            row = ROUTES.get((method, rule.rule))
            if row is not None and row.access is not Access.NOTHING:
                found.append(method)
    return found
