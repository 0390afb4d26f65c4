"""Callback requests that no page of ours sends: one line of a 400, whatever is in them."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from flask import Flask

from app.runtime import Runtime
from app.security.callback_body import _parameters
from app.security.dash_dispatch import ROUTER
from app.web.factory import create_server
from tests.conftest import Site
from tests.server.callbacks import request_to, unwrapped
from tests.server.wire import Visitor

JUNK: list[Any] = [
    None, True, -1, 0, 1.5, 10**15, 10**30, 1e308, "", "\x00", "x" * 200_000, [], {}, [[]], [{}], {"a": 1},
    [[[[[[[[[[]]]]]]]]]], "99h", "24h", "../..", "<script>", "٣", "-0", [1, "a", None],
]  # fmt: skip


@pytest.fixture(scope="module")
def application() -> Flask:
    """An application that answers nothing: its callbacks are looked at."""
    from app.settings import Settings

    settings = Settings(_env_file=None, database_url="postgresql://nowhere/x", redis_url="redis://nowhere")
    made = create_server(Runtime(settings))
    assert made.test_client().get("/healthz").status_code == 200  # Dash makes its router then
    return made


@pytest.fixture(scope="module")
def callbacks(application: Flask) -> dict[str, Any]:
    known: dict[str, Any] = application.extensions["tracera.dash"].callback_map
    return {output: declared for output, declared in known.items() if "callback" in declared}


@pytest.fixture
def visitor(live_site: Site) -> Iterator[Visitor]:
    made = Visitor(live_site)
    yield made
    made.close()


def test_every_callback_says_what_it_takes(callbacks: dict[str, Any]) -> None:
    """What has no annotation would take anything; Dash's own router is checked apart."""
    for output, declared in callbacks.items():
        if output == ROUTER:
            continue
        count = len(declared["inputs"]) + len(declared["state"])
        taken = _parameters(unwrapped(declared), count)
        assert len(taken) == count, output
        free = [name for name, adapter in taken if adapter.json_schema() == {} and name not in {"_missed", "shown"}]
        assert free == [], output


@pytest.mark.slow
def test_junk_in_place_of_any_value_is_no_500(live_site: Site, visitor: Visitor, callbacks: dict[str, Any]) -> None:
    before = live_site.log.stat().st_size
    for output, declared in callbacks.items():
        whole = request_to(output, declared)
        places = [(part, index) for part in ("inputs", "state") for index in range(len(whole[part]))]
        for part, index in places:
            for junk in JUNK:
                body = orjson.loads(orjson.dumps(whole, default=str))
                body[part][index]["value"] = junk if not isinstance(junk, int) or abs(junk) < 2**63 else 1e30
                status, reply = visitor.call(body)
                assert status in {200, 204, 400, 401}, (output, part, index, junk, reply[:200])
                assert status != 400 or (b"\n" not in reply and len(reply) < 1000), reply
    assert b"Traceback" not in live_site.log.read_bytes()[before:]


def test_another_shape_is_a_400_with_words(visitor: Visitor, callbacks: dict[str, Any]) -> None:
    output = "search-body.children"
    whole = request_to(output, callbacks[output])
    for name in ("inputs", "state", "outputs", "changedPropIds", "output"):
        for junk in JUNK:
            if junk == []:
                continue
            status, reply = visitor.call(whole | {name: junk if junk != 10**30 else 1e30})
            assert status in {400, 403}, (name, junk)
            assert orjson.loads(reply)["error"]
    others: tuple[Any, ...] = (
        [],
        [{}],
        [None],
        whole["inputs"] * 2,
        [{"id": "search-input"}],
        [{"id": ["a"], "property": "value"}],
    )
    for other in others:
        assert visitor.call(whole | {"inputs": other})[0] == 400
    assert visitor.call([])[0] == visitor.call(None)[0] == visitor.call("x")[0] == 400
    assert visitor.call(whole)[0] == 200


@pytest.mark.parametrize(
    "search",
    [
        "?item_id=5",
        "?item_id=5&item_id=6",
        "?window=24h&window=7d",
        "?=&&=x",
        "?%ff=%00",
        "?self=1&cls=2",
        "?a b=c",
        "?window",
        "?" + "a" * 4000,
    ],
)
@pytest.mark.parametrize(
    "path",
    ["/item/1", "/items", "/rankings", "/portfolio", "/shared/abc", "/sign-in", "/account", "/", "/item/" + "9" * 50],
)
def test_no_query_of_an_address_breaks_a_page(
    live_site: Site, visitor: Visitor, callbacks: dict[str, Any], path: str, search: str
) -> None:
    body = request_to(ROUTER, callbacks[ROUTER])
    for one in body["inputs"]:
        one["value"] = {"pathname": path, "search": search}.get(one["property"])
    assert visitor.call(body)[0] == 200
    assert live_site.get(f"{path}{search.replace(' ', '+')}")[0] in {200, 303, 404, 400}
