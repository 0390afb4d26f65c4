"""A receiver of webhooks on a real port, and workers that send to it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

import pytest
import redis
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook
from werkzeug import Request, Response

from app.alerts import outbox
from app.alerts.sending import Sender
from app.alerts.webhook import new_secret
from app.tasks import kinds, worker
from app.tasks.kinds import WEBHOOK
from app.tasks.worker import TaskWorker, WorkerOptions
from app.web import alert_words
from db.alerts import deliveries, webhooks
from db.core.pool import Database, Row
from tests.alerts.conftest import Market
from tests.conftest import wait_for

PATH = "/hook"
TIMEOUT = 0.5


@dataclass
class Receiver:
    """Answers in order, the last again and again; `requests` are what came."""

    server: HTTPServer
    answers: list[Response]
    requests: list[Request]

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server.port}{PATH}"

    def answer(self, request: Request) -> Response:
        self.requests.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def messages(self, secret: str) -> list[dict[str, Any]]:
        """What came, each verified as a receiver does it."""
        return [Webhook(secret).verify(one.get_data(), dict(one.headers)) for one in self.requests]


@pytest.fixture
def receiver(httpserver: HTTPServer) -> Receiver:
    made = Receiver(httpserver, [Response(status=204)], [])
    httpserver.expect_request(PATH).respond_with_handler(made.answer)
    return made


@dataclass
class Hook:
    """A user's webhook at a receiver."""

    database: Database
    user: int
    secret: str
    receiver: Receiver

    def send(self, *event_ids: int, test: bool = False) -> int:
        """Put a delivery in."""
        with self.database.connection() as connection, connection.transaction():
            made = outbox.send(connection, self.user, "webhook", event_ids, test=test)
        assert made
        return made[0]

    def one(self, delivery: int) -> Row:
        row = deliveries.one(self.database, self.user, delivery)
        assert row
        return row

    def ended(self, delivery: int) -> Row:
        wait_for(lambda: self.one(delivery)["state"] not in {"waiting", "held"}, 15, "the delivery does not end")
        return self.one(delivery)


@pytest.fixture
def hook(market: Market, receiver: Receiver) -> Hook:
    secret = new_secret()
    webhooks.put(market.database, market.user, receiver.url, secret)
    return Hook(market.database, market.user, secret, receiver)


StartSending = Callable[..., None]


@pytest.fixture
def start_sending(
    database: Database,
    database_url: str,
    redis_client: redis.Redis,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[StartSending]:
    """Starts a worker that sends to webhooks, with quick retries, until the test ends."""
    monkeypatch.setattr(worker, "POLL", 0.1)
    monkeypatch.setitem(kinds.KINDS, WEBHOOK.name, replace(WEBHOOK, most=3, pause=0.1))
    begun: list[TaskWorker] = []

    def start(**changes: Any) -> None:
        allowed = [f"localhost:{receiver.server.port}"]
        sender = replace(Sender(allowed, alert_words.sentence, "http://tracera.test", timeout=TIMEOUT), **changes)
        made = TaskWorker(database, redis_client, {WEBHOOK.name: sender.run}, WorkerOptions(database_url, "test", 1))
        made.start()
        begun.append(made)

    yield start
    for made in begun:
        made.stop()


def never(gate: Event) -> Callable[[Request], Response]:
    """An answer that does not come before the gate opens."""

    def answer(_request: Request) -> Response:
        gate.wait(20)
        return Response(status=204)

    return answer


def trickle(gate: Event) -> Callable[[Request], Response]:
    """An answer that comes a byte at a time: each in time, and never the end of it."""

    def drops() -> Iterator[bytes]:
        while not gate.is_set():
            yield b"x"
            time.sleep(0.05)

    return lambda _request: Response(drops(), status=200)
