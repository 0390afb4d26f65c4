from inspect import iscoroutinefunction
from typing import Any

from flask.testing import FlaskClient


def test_no_request_makes_an_event_loop(client: FlaskClient) -> None:
    server = client.application
    found: list[Any] = list(server.view_functions.values())
    for hooks in (server.before_request_funcs, server.after_request_funcs, server.teardown_request_funcs):
        found += [hook for several in hooks.values() for hook in several]
    assert len(found) > 50
    assert not [function for function in found if iscoroutinefunction(function)]
