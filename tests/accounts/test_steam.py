import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from flask import Flask

from tests.accounts.servers.steam import Pairs, Steam, answer
from tests.accounts.support import HTML, Visitor, agreed, query_of

Twist = Callable[[Pairs], Pairs]


def replaced(**fields: str) -> Twist:
    return lambda pairs: [(name, fields.get(name.removeprefix("openid."), value)) for name, value in pairs]


def signed_without(field: str) -> Twist:
    def twist(pairs: Pairs) -> Pairs:
        return [
            (name, ",".join(part for part in value.split(",") if part != field) if name == "openid.signed" else value)
            for name, value in pairs
        ]

    return twist


def refused(visitor: Visitor, reply_code: int, expected: int = 400) -> None:
    assert reply_code == expected
    assert visitor.me() is None


def test_sign_in_makes_an_account_without_an_email(visitor: Visitor, steam_state: Steam) -> None:
    reply = visitor.through("steam/login")
    assert (reply.status_code, reply.location) == (303, "/account")
    me = visitor.me()
    assert me is not None
    assert (me["steam_id"], me["email"], me["providers"]) == ("76561198000000001", None, ["steam"])
    assert steam_state.checked == 1


def test_the_same_steam_user_is_the_same_account(visitor: Visitor, server: Flask) -> None:
    visitor.through("steam/login")
    other = Visitor(server)
    other.through("steam/login")
    first, second = visitor.me(), other.me()
    assert first is not None
    assert second is not None
    assert first["id"] == second["id"]


def test_the_request_is_what_steam_expects(visitor: Visitor) -> None:
    asked = query_of(visitor.leave("steam/login"))
    assert asked["openid.mode"] == "checkid_setup"
    assert (
        asked["openid.claimed_id"] == asked["openid.identity"] == "http://specs.openid.net/auth/2.0/identifier_select"
    )
    assert asked["openid.realm"] == "http://localhost"
    assert asked["openid.return_to"].startswith("http://localhost/api/v1/auth/steam/login/callback?state=")


ATTACKS: dict[str, Twist] = {
    "foreign op_endpoint": replaced(op_endpoint="https://steamcommunity.com.evil.tld/openid/login"),
    "another host's claimed_id": replaced(claimed_id="http://83.97.20.218:9291/openid/id/76561198000000002"),
    "identity of somebody else": replaced(identity="https://steamcommunity.com/openid/id/76561198000000002"),
    "foreign return_to": replaced(return_to="https://other-site.example/callback?state=x"),
    "another namespace": replaced(ns="http://openid.net/signon/1.0"),
    "another mode": replaced(mode="setup_needed"),
    "no assoc_handle": lambda pairs: [pair for pair in pairs if pair[0] != "openid.assoc_handle"],
    "no signature": lambda pairs: [pair for pair in pairs if pair[0] != "openid.sig"],
    "no nonce": lambda pairs: [pair for pair in pairs if pair[0] != "openid.response_nonce"],
    "a nonce without a time": replaced(response_nonce="x" * 30),
    "a duplicated claimed_id": lambda pairs: [*pairs, next(pair for pair in pairs if pair[0] == "openid.claimed_id")],
    "a duplicated name of no importance": lambda pairs: [*pairs, ("a", "1"), ("a", "2")],
    "an old nonce": replaced(response_nonce=f"{datetime.now(UTC) - timedelta(minutes=6):%Y-%m-%dT%H:%M:%SZ}abc"),
    "a nonce of tomorrow": replaced(response_nonce=f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}abc"),
    **{
        f"unsigned {field}": signed_without(field)
        for field in ("op_endpoint", "claimed_id", "identity", "return_to", "response_nonce", "assoc_handle")
    },
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_even_where_steam_believes_it(attack: str, visitor: Visitor, steam_state: Steam) -> None:
    steam_state.twist, steam_state.believes = ATTACKS[attack], True
    refused(visitor, visitor.through("steam/login").status_code)
    assert steam_state.checked == 0


LOOK_ALIKES = (
    "{base}/id/76561198000000002/../../76561198000000001",
    "{base}/id/76561198000000002\n",
    "{base}/id/76561198000000002?x=1",
    "{base}/id/ 76561198000000002",
    "{base}/id/7656119800000000\uff12",
    "{base}/id/12345678901234567",
    "{base}.evil.tld/id/76561198000000002",
    "{base}evil/id/76561198000000002",
    "https://evil.tld/?{base}/id/76561198000000002",
    "{undotted}/id/76561198000000002",
)


@pytest.mark.parametrize("claimed", LOOK_ALIKES)
def test_a_look_alike_claimed_id_is_refused(claimed: str, visitor: Visitor, steam_state: Steam, steam_url: str) -> None:
    forged = claimed.format(base=steam_url, undotted=steam_url.replace(".", "x", 1))
    steam_state.twist, steam_state.believes = replaced(claimed_id=forged, identity=forged), True
    refused(visitor, visitor.through("steam/login").status_code)
    assert steam_state.checked == 0


@pytest.mark.parametrize(
    "reply",
    [
        "ns:http://specs.openid.net/auth/2.0\nis_valid:false\n",
        "is_valid:true\n",
        "ns:http://specs.openid.net/auth/2.0\nis_valid:false\nnote:is_valid:true\n",
        "ns:http://specs.openid.net/auth/2.0\nis_valid:trueish\n",
        "ns:http://specs.openid.net/auth/2.0\nis_valid:true\nis_valid:false\n",
        "<html>is_valid:true</html>",
        "",
    ],
)
def test_what_steam_does_not_confirm_is_refused(reply: str, visitor: Visitor, steam_state: Steam) -> None:
    steam_state.reply = reply
    refused(visitor, visitor.through("steam/login").status_code)


@pytest.mark.parametrize("status", [403, 500, 302])
def test_a_steam_that_does_not_answer_signs_nobody_in(status: int, visitor: Visitor, steam_state: Steam) -> None:
    steam_state.status = status
    refused(visitor, visitor.through("steam/login").status_code, 502)


def test_a_replayed_answer_is_refused(visitor: Visitor, server: Flask, steam_state: Steam) -> None:
    steam_state.believes = True  # so that only our own memory of nonces is left
    address = agreed(visitor.leave("steam/login"))
    assert visitor.arrive(address).status_code == 303
    refused(Visitor(server), Visitor(server).arrive(address).status_code)
    assert visitor.arrive(address).status_code == 400


def test_a_replayed_nonce_is_refused(visitor: Visitor, server: Flask, steam_state: Steam) -> None:
    nonce = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}same"
    steam_state.twist, steam_state.believes = replaced(response_nonce=nonce), True
    assert visitor.through("steam/login").status_code == 303
    thief = Visitor(server)
    refused(thief, thief.through("steam/login").status_code)


def test_a_missing_state_is_refused(visitor: Visitor) -> None:
    address = agreed(visitor.leave("steam/login"))
    refused(visitor, visitor.arrive(re.sub(r"state=[^&]*&", "", address)).status_code)


def test_a_state_of_another_provider_is_refused(visitor: Visitor, steam_state: Steam, steam_url: str) -> None:
    state = query_of(visitor.leave("google"))["state"]
    back = f"http://localhost/api/v1/auth/steam/login/callback?{urlencode({'state': state})}"
    refused(visitor, visitor.arrive(answer(steam_state, steam_url, back)).status_code)
    assert steam_state.checked == 0


def test_two_states_are_refused(visitor: Visitor) -> None:
    address = agreed(visitor.leave("steam/login"))
    refused(visitor, visitor.arrive(f"{address}&state={query_of(address)['state']}").status_code)


def test_another_browsers_answer_is_refused(visitor: Visitor, server: Flask) -> None:
    attacker = Visitor(server)
    address = agreed(attacker.leave("steam/login"))
    visitor.leave("steam/login")
    refused(visitor, visitor.arrive(address).status_code)


def test_cancelling_signs_nobody_in(visitor: Visitor) -> None:
    address = query_of(visitor.leave("steam/login"))["openid.return_to"]
    cancelled = f"{address}&{urlencode({'openid.ns': 'http://specs.openid.net/auth/2.0', 'openid.mode': 'cancel'})}"
    refused(visitor, visitor.arrive(cancelled).status_code, 403)


def test_a_person_is_sent_back_to_the_sign_in_page(visitor: Visitor) -> None:
    reply = visitor.get("/api/v1/auth/steam/login/callback", headers=HTML)
    assert (reply.status_code, reply.location) == (303, "/sign-in?error=state")


def test_linking_needs_a_session(visitor: Visitor) -> None:
    assert visitor.get("/api/v1/auth/steam").status_code == 401


def test_an_answer_to_signing_in_does_not_link(visitor: Visitor) -> None:
    visitor.through("google")
    address = agreed(visitor.leave("steam/login"))
    assert visitor.arrive(address.replace("/steam/login/callback", "/steam/callback", 1)).status_code == 400
    me = visitor.me()
    assert me is not None
    assert me["steam_id"] is None


def test_a_state_counts_once_though_linking_keeps_the_session(
    visitor: Visitor, steam_state: Steam, steam_url: str
) -> None:
    visitor.through("google")
    back = query_of(visitor.leave("steam"))["openid.return_to"]
    assert visitor.arrive(answer(steam_state, steam_url, back)).status_code == 303
    assert visitor.arrive(answer(steam_state, steam_url, back)).status_code == 400


def test_steam_is_linked_to_the_signed_in_account(visitor: Visitor, server: Flask) -> None:
    visitor.through("google")
    before = visitor.me()
    assert visitor.through("steam").status_code == 303
    me = visitor.me()
    assert me is not None
    assert before is not None
    assert (me["id"], me["steam_id"]) == (before["id"], "76561198000000001")
    other = Visitor(server)
    other.through("steam/login")
    assert (other.me() or {})["id"] == me["id"]


def test_a_steam_account_of_somebody_else_is_not_linked(visitor: Visitor, server: Flask) -> None:
    other = Visitor(server)
    other.through("steam/login")
    visitor.through("google")
    assert visitor.through("steam").status_code == 409
    assert (visitor.me() or {})["steam_id"] is None
