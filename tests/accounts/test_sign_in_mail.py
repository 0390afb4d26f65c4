"""A sign-in link is a task: sent though the mail server was away, and nothing of it is kept but how it ended."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from flask import Flask

from app.accounts.sign_in_mail import LIFETIME
from app.tasks import kinds, worker
from app.tasks.kinds import SIGN_IN_MAIL
from db.core.pool import Database
from db.tasks import queue
from tests.accounts.conftest import Make
from tests.accounts.servers.mail import Mailbox, PatientController, receiving
from tests.accounts.support import AUTH, Visitor
from tests.conftest import free_port, wait_for

ADDRESS = "ada@example.org"
KEPT = (
    "SELECT j.status::text, j.args, d.error, d.message, d.trace, d.failures FROM tasks.procrastinate_jobs j"
    " JOIN tasks.details d ON d.job_id = j.id"
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL", 0.1)
    monkeypatch.setitem(kinds.KINDS, SIGN_IN_MAIL.name, replace(SIGN_IN_MAIL, most=3, pause=0.5))


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def server(make: Make, port: int) -> Flask:
    return make(smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", smtp_from="tracera@example.org")


SendMails = Callable[[Flask], Flask]


def ask(server: Flask) -> int:
    return Visitor(server).send("POST", f"{AUTH}/magic-link", {"email": ADDRESS}).status_code


def kept(database: Database) -> dict[str, Any]:
    """What is kept of the only task."""
    (row,) = database.rows(KEPT)
    return row


def ended(database: Database) -> dict[str, Any]:
    wait_for(lambda: kept(database)["status"] in {"succeeded", "failed"}, 15, "the mail's task does not end")
    return kept(database)


def test_the_task_holds_no_link_and_in_the_end_no_address(
    server: Flask, port: int, send_mails: SendMails, database: Database, redis_client: redis.Redis
) -> None:
    assert ask(server) == 202
    waiting = kept(database)
    assert set(waiting["args"]["private"]) == {"email", "next", "browser", "verify"}
    assert list(redis_client.scan_iter("magic:*")) == []
    with receiving(port) as mailbox:
        send_mails(server)
        token = mailbox.link().partition("token=")[2]
        row = ended(database)
    assert (row["status"], row["args"]) == ("succeeded", {})
    everything = str(database.rows("SELECT * FROM tasks.details")) + str(
        database.rows("SELECT * FROM tasks.procrastinate_jobs")
    )
    assert token not in everything
    assert ADDRESS not in everything


def test_a_link_is_sent_once_the_mail_server_is_back(
    server: Flask, port: int, send_mails: SendMails, database: Database, redis_client: redis.Redis
) -> None:
    send_mails(server)
    assert ask(server) == 202
    wait_for(lambda: kept(database)["failures"] == 1, 10, "it was not tried")
    with receiving(port) as mailbox:
        assert "token=" in mailbox.link()
        assert ended(database)["status"] == "succeeded"
    assert len(list(redis_client.scan_iter("magic:*"))) == 1, "a link of the failed try is left"


def test_a_dead_letter_says_why_and_names_nobody(server: Flask, send_mails: SendMails, database: Database) -> None:
    send_mails(server)
    assert ask(server) == 202
    row = ended(database)
    assert (row["status"], row["failures"], row["args"]) == ("failed", 3, {})
    assert "could not be sent: 127.0.0.1: " in row["message"]
    assert "Connection refused" in row["trace"]
    assert ADDRESS not in str(row)


class Refusing(Mailbox):
    """Knows nobody, and says the name it was asked for."""

    async def handle_RCPT(self, *args: Any) -> str:  # noqa: N802
        return f"550 no such user: {args[3]}"


def test_an_address_that_the_server_refuses_is_not_tried_again(
    server: Flask, port: int, send_mails: SendMails, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    controller = PatientController(Refusing(port), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        send_mails(server)
        assert ask(server) == 202
        row = ended(database)
    finally:
        controller.stop()
    assert (row["status"], row["failures"], row["args"]) == ("succeeded", 0, {})
    assert row["error"]["reason"] == "undeliverable"
    assert row["error"]["message"] == "the mail could not be sent: the recipient was refused: 550 no such user: …"
    assert ADDRESS not in str(row) + capsys.readouterr().out


def test_a_link_that_nobody_waits_for_any_more_is_not_sent(
    server: Flask, port: int, send_mails: SendMails, database: Database
) -> None:
    assert ask(server) == 202
    database.execute("UPDATE tasks.details SET created_at = now() - %s * interval '1 second'", [LIFETIME + 1])
    with receiving(port) as mailbox:
        send_mails(server)
        assert ended(database)["error"]["reason"] == "too_late"
        time.sleep(0.2)
        assert mailbox.messages == []


def test_a_cancelled_task_keeps_no_address(server: Flask, database: Database) -> None:
    assert ask(server) == 202
    assert queue.cancel(database, database.rows("SELECT job_id FROM tasks.details")[0]["job_id"])
    assert kept(database)["args"] == {}


@pytest.fixture
def away(database_url: str) -> Iterator[Callable[[], None]]:
    """Lets nobody reach the database any more, until the test ends."""
    name = urlsplit(database_url).path[1:]
    with psycopg.connect(database_url.replace(f"/{name}?", "/postgres?"), autocommit=True) as connection:

        def leave() -> None:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])

        yield leave
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_where_the_task_cannot_be_put_in_the_next_try_counts(
    server: Flask, away: Callable[[], None], redis_client: redis.Redis
) -> None:
    visitor = Visitor(server)
    visitor.get(f"{AUTH}/csrf")
    away()
    assert visitor.send("POST", f"{AUTH}/magic-link", {"email": ADDRESS}).status_code == 503
    assert list(redis_client.scan_iter("magic-sent:*")) == []
