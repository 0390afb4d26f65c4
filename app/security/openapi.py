"""OpenAPI: adds the security requirements and refusals of every operation."""

import re
from typing import Any, Final

from app.security.access import Access, Group, Row
from app.security.csrf import SAFE
from app.security.policy import ROUTES

Document = dict[str, Any]

SCHEMES: Final[Document] = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "tracera_session",
        "description": "Under https `__Host-tracera_session`.",
    },
    "key": {"type": "http", "scheme": "bearer", "description": "An API key of the account page."},
}
SECURITY: Final[dict[Access, list[Document]]] = {
    Access.SIGNED_IN: [{"session": []}],
    Access.KEY_READ: [{"session": []}, {"key": []}],
    Access.KEY_FULL: [{"session": []}, {"key": []}],
}
TOKEN: Final[Document] = {
    "name": "X-CSRF-Token",
    "in": "header",
    "required": False,
    "description": "The token of `GET /api/v1/auth/csrf`; needed unless an API key is sent.",
    "schema": {"type": "string"},
}
_MEANING: Final = {
    "200": "OK",
    "400": "Bad Request",
    "401": "Unauthorized",
    "403": "Forbidden",
    "413": "Content Too Large",
    "415": "Unsupported Media Type",
    "429": "Too Many Requests",
    "503": "Service Unavailable",
}
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def describe(document: Document) -> Document:
    """Complete the description of all operations that the policy has; returns the same document."""
    document["components"]["securitySchemes"] = SCHEMES
    for (method, rule), row in ROUTES.items():
        operation = document["paths"].get(_PARAMETER.sub(r"{\1}", rule), {}).get(method.lower())
        if operation is not None:
            _complete(operation, method, row)
    return document


def _complete(operation: Document, method: str, row: Row) -> None:
    responses = operation["responses"]
    if not any(status.startswith(("2", "3")) for status in responses):
        responses["200"] = {"description": _MEANING["200"], "content": {"application/json": {"schema": {}}}}
    responses["400"] = _problem("400")  # the library describes its own form, which ours replaces
    for status in _refusals(operation, row):
        responses.setdefault(status, _problem(status))
    if row.access in SECURITY:
        operation["security"] = SECURITY[row.access]
    if method not in SAFE and TOKEN not in operation.setdefault("parameters", []):
        operation["parameters"].append(TOKEN)


def _refusals(operation: Document, row: Row) -> list[str]:
    """The statuses that the middleware answers with; 401 is what a wrong key gets everywhere."""
    found = ["401", "403", "503"]
    if row.group is not Group.FILES:
        found.append("429")
    if "requestBody" in operation:
        found += ["413", "415"]
    return found


def _problem(status: str) -> Document:
    problem: Document = {
        "description": _MEANING[status],
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in {"429", "503"}:
        seconds = {"description": "Seconds until it is worth another try.", "schema": {"type": "integer"}}
        problem["headers"] = {"Retry-After": seconds}
    return problem
