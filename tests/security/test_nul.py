"""PostgreSQL keeps no NUL in a text; wherever one comes in, that is the sender's mistake and no failure of ours."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.security.conftest import CALL, CALLBACKS, Person, token_of

PATHS = (
    "/api/v1/items?search=a%00b",
    "/api/v1/items?weapon_type=%00",
    "/api/v1/screener?q=%00",
    "/api/v1/screener?source=%00",
    "/api/v1/items/1/history?source=%00",
    "/api/v1/items/1/bars?source=%00",
    "/api/v1/items/1/volatility?source=%00",
    "/api/v1/rankings/volatile?market=%00",
)


@pytest.mark.parametrize("path", PATHS)
def test_nul_in_an_address_is_refused(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code in {200, 400, 404}


def test_nul_in_a_callback_is_refused(client: FlaskClient) -> None:
    typed = CALL | {"inputs": [{"id": "search-input", "property": "value", "value": "a\x00b"}]}
    reply = client.post(CALLBACKS, json=typed, headers={"X-CSRFToken": token_of(client)})
    assert reply.status_code in {200, 400}


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a\x00b", "currency": "USD"},
        {"name": "a", "currency": "US\x00"},
    ],
)
def test_nul_in_a_body_is_refused(person: Callable[[], Person], body: dict[str, str]) -> None:
    ada = person()
    reply = ada.client.post("/api/v1/portfolios", json=body, headers={"X-CSRF-Token": ada.token})
    assert reply.status_code == 400
