"""Dash dispatch: which callback or page a request to Dash's one address names."""

import json
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from dash import dcc
from dash._pages import _path_to_page
from dash.development.base_component import Component
from flask import Response, current_app, request
from plotly.utils import PlotlyJSONEncoder
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from app.security.access import Access
from app.security.callback_body import MalformedError, check_callback, check_router
from app.security.policy import CALLBACKS, PAGES

ErrorPage = Callable[[str, str], Component]
"""Renders an error page from a title and a sentence."""
ERROR_PAGE: Final = "tracera.error_page"
"""The Flask extension under which the application registers its renderer."""
ROUTER: Final = ".._pages_content.children..._pages_store.data.."
"""The callback that shows a page."""
_DUPLICATE = re.compile(r"@[0-9a-f]{64}")


def callback_name(output: str) -> str:
    """A callback's name in the policy: its outputs without the hashes that Dash adds to duplicates."""
    return _DUPLICATE.sub("", output)


def named_output() -> str | None:
    """The output that the current request names; None where it is no callback request at all."""
    try:
        body = request.get_json()
    except (BadRequest, UnsupportedMediaType):
        return None
    output = body.get("output") if isinstance(body, dict) else None
    return output if isinstance(output, str) else None


def access_to_callback(output: str) -> Access | None:
    """What a callback's caller needs; None where it has no row."""
    return CALLBACKS.get(output) or CALLBACKS.get(callback_name(output))


def requested_path() -> str | None:
    """The path of the page that a request to the router asks for; None for a malformed one.

    Dash gives a callback its inputs by position, whatever they are called: the first is the path only if it says so.
    """
    inputs: Any = request.get_json().get("inputs")
    first = inputs[0] if isinstance(inputs, list) and inputs else None
    if not isinstance(first, dict) or (first.get("id"), first.get("property")) != ("_pages_location", "pathname"):
        return None
    path = first.get("value")
    return path if isinstance(path, str) else None


def is_served(output: str) -> bool:
    """Whether the server runs a callback of exactly this output; those that run in the browser it does not."""
    return "callback" in _callback_map().get(output, ())


def validation_error(output: str) -> str | None:
    """What is wrong with the current request to a callback that is served; None for a valid one.

    Names that the page does not take are removed from the query of a request to the router.
    """
    body, declared = request.get_json(), _callback_map()[output]
    try:
        check_callback(body, declared)
        if output == ROUTER:
            path = body["inputs"][0]["value"]
            _, variables = _path_to_page(path.strip("/"))  # type: ignore[no-untyped-call]
            check_router(body, frozenset(variables or ()))
    except MalformedError as error:
        return str(error)
    return None


def _callback_map() -> dict[str, Any]:
    known: dict[str, Any] = current_app.extensions["tracera.dash"].callback_map
    return known


def access_to_page(path: str) -> Access | None:
    """What the page at a path needs of its caller; public where there is no page, None where it has no row."""
    found, _ = _path_to_page(path.strip("/"))  # type: ignore[no-untyped-call]  # Dash annotates little
    if not found:
        return Access.PUBLIC
    return PAGES.get(found["path_template"] or found["path"])


def sign_in_path(path: str) -> str:
    """The sign-in page's address, from which the user returns to `path`."""
    return f"/sign-in?{urlencode({'next': path})}"


def redirect_reply(target: str) -> Response:
    """The router's answer that redirects the browser."""
    return _routed(dcc.Location(id="_pages_leave", href=target, refresh=True))


def error_reply(message: str) -> Response:
    """The router's answer that shows an error page."""
    error_page: ErrorPage = current_app.extensions[ERROR_PAGE]
    return _routed(error_page("This page cannot be shown right now", f"{message[:1].upper()}{message[1:]}."))


def _routed(content: Component) -> Response:
    body = {"multi": True, "response": {"_pages_content": {"children": content}}}
    return Response(json.dumps(body, cls=PlotlyJSONEncoder), mimetype="application/json")
