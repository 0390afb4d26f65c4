import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from flask import Flask

from app.accounts.sign_in_mail import LIFETIME
from tests.accounts.conftest import Make
from tests.accounts.servers.mail import Mailbox, receiving
from tests.accounts.support import AUTH, HTML, Visitor

SendMails = Callable[[Flask], Flask]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with receiving() as box:
        yield box


@pytest.fixture
def server(make: Make, mailbox: Any, steam_url: str, send_mails: SendMails) -> Flask:
    return send_mails(
        make(
            smtp_host="127.0.0.1",
            smtp_port=mailbox.port,
            smtp_security="none",
            smtp_from="tracera@example.org",
            steam_login=True,
            steam_openid_url=steam_url,
        )
    )


def ask(visitor: Visitor, email: str = "Ada@Example.org", **body: str) -> Any:
    return visitor.send("POST", f"{AUTH}/magic-link", {"email": email} | body)


def test_a_link_signs_in_where_it_was_asked_for(visitor: Visitor, mailbox: Mailbox, redis_client: redis.Redis) -> None:
    assert ask(visitor, next="/items").status_code == 202
    link = mailbox.link()
    assert mailbox.messages[0]["To"] == "ada@example.org"
    assert mailbox.messages[0]["From"] == "tracera@example.org"
    (key,) = redis_client.scan_iter("magic:*")
    token = link.partition("token=")[2]
    assert re.fullmatch(rb"magic:[0-9a-f]{64}", key)
    assert token not in str(redis_client.get(key))
    left = redis_client.ttl(key)
    assert isinstance(left, int)
    assert LIFETIME - 30 < left <= LIFETIME == 600
    reply = visitor.get(link)
    assert (reply.status_code, reply.location) == (303, "/items")
    me = visitor.me() or {}
    assert (me["email"], me["name"], me["providers"]) == ("ada@example.org", "ada", ["email"])


def test_a_link_works_once(visitor: Visitor, server: Flask, mailbox: Mailbox) -> None:
    ask(visitor)
    link = mailbox.link()
    assert visitor.get(link).status_code == 303
    again = Visitor(server)
    assert again.get(link).status_code == 400
    assert again.me() is None
    assert again.get(link, headers=HTML).location == "/sign-in?error=link"


def test_a_scanner_does_not_use_a_link_up(visitor: Visitor, server: Flask, mailbox: Mailbox) -> None:
    ask(visitor)
    link = mailbox.link()
    for _ in range(3):
        scanner = Visitor(server)
        page = scanner.get(link, headers=HTML)
        assert page.status_code == 200
        assert "ada@example.org" in page.text
        assert scanner.me() is None
        assert scanner.client.head(link).status_code == 200
    assert visitor.get(link).status_code == 303


def test_another_browser_is_asked_first(visitor: Visitor, server: Flask, mailbox: Mailbox) -> None:
    ask(visitor, next="/rankings")
    link = mailbox.link()
    phone = Visitor(server)
    page = phone.get(link, headers=HTML)
    form = dict(re.findall(r'name="(\w+)" value="([^"]+)"', page.text))
    assert page.headers["Referrer-Policy"] == "no-referrer"
    origin = {"Origin": phone.base_url}
    reply = phone.client.post(f"{AUTH}/magic-link/verify", data=form, headers=HTML | origin, base_url=phone.base_url)
    assert (reply.status_code, reply.location) == (303, "/rankings")
    assert (phone.me() or {})["email"] == "ada@example.org"
    assert visitor.me() is None
    assert visitor.get(link).status_code == 400


def test_an_expired_link_is_refused(visitor: Visitor, mailbox: Mailbox, redis_client: redis.Redis) -> None:
    ask(visitor)
    link = mailbox.link()
    (key,) = redis_client.scan_iter("magic:*")
    redis_client.pexpire(key, 1)
    time.sleep(0.05)
    assert visitor.get(link).status_code == 400
    assert visitor.me() is None


@pytest.mark.parametrize("token", ["x", "../x", "a" * 100])
def test_an_invented_token_is_refused(token: str, visitor: Visitor) -> None:
    assert visitor.get(f"{AUTH}/magic-link/verify", query_string={"token": token}).status_code == 400


def test_the_answer_does_not_tell_whether_an_address_is_known(
    visitor: Visitor, server: Flask, mailbox: Mailbox
) -> None:
    ask(visitor, "known@example.org")
    visitor.get(mailbox.link())
    known, new = (ask(Visitor(server), address) for address in ("known@example.org", "new@example.org"))
    assert (known.status_code, known.data) == (new.status_code, new.data)
    assert list(known.headers.keys()) == list(new.headers.keys())


def spent(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def test_answer_time_does_not_tell_whether_an_address_is_known(server: Flask, mailbox: Mailbox) -> None:
    asker = Visitor(server)
    ask(asker, "known@example.org")
    asker.get(mailbox.link())
    times: dict[str, list[float]] = {"known": [], "new": []}
    for number in range(12):
        for kind, spent_times in times.items():
            visitor = Visitor(server)
            visitor.get(f"{AUTH}/csrf")
            address = f"{kind}@example.org" if kind == "known" else f"new{number}@example.org"
            spent_times.append(spent(lambda: ask(visitor, address)))  # noqa: B023
    # Nothing waits for the mail server or the database, so the quickest of each differ by noise alone.
    assert abs(min(times["known"]) - min(times["new"])) < 0.02


def test_one_address_gets_one_mail_in_a_while(server: Flask, mailbox: Mailbox) -> None:
    for _ in range(5):
        assert ask(Visitor(server)).status_code == 202
    mailbox.link()
    time.sleep(0.3)
    assert len(mailbox.messages) == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        "x",
        "@",
        "a@",
        "@b",
        "a b@c",
        "a@b\r\nBcc: evil@example.org",
        "a@b,c@d",
        "<a@b>",
        "ä@example.org",
        "a" * 300 + "@b",
    ],
)
def test_what_is_no_address_is_refused(address: str, visitor: Visitor) -> None:
    assert ask(visitor, address).status_code == 400


def test_a_verified_address_leads_to_its_account(visitor: Visitor, server: Flask, mailbox: Mailbox) -> None:
    ask(visitor)
    visitor.get(mailbox.link())
    visitor.through("steam")
    other = Visitor(server)
    other.through("steam/login")
    assert (other.me() or {})["id"] == (visitor.me() or {})["id"]
    assert (other.me() or {})["providers"] == ["email", "steam"]
