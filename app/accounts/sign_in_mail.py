"""Sign-in mail: a durable task that makes a link and sends it.

The link's token is made when it is sent: the task holds none, only the address, which is deleted with the task's end.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import orjson
import redis

from app.accounts import mail
from app.accounts.mail import MailError
from app.settings import Settings
from app.tasks.kinds import SIGN_IN_MAIL
from app.tasks.task import RefusedError, Task
from db.core.pool import Database

LIFETIME: Final = 600
"""Seconds that a link lives, and that one may be late: nobody waits for it any more then."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is for: an address, the path to go on to, and which browser asked, as a digest."""

    email: str
    next: str
    browser: str


def defer(database: Database, link: Link, verify: str) -> None:
    """Let a link be sent that opens the address `verify`.

    Raises:
        DatabaseDownError: it will not be.
    """
    with database.connection() as connection:
        SIGN_IN_MAIL.defer(connection, {"private": {**asdict(link), "verify": verify}})


def send(settings: Settings, client: redis.Redis, task: Task) -> None:
    """Make the link and send it.

    Raises:
        RefusedError: too late, or the server wants no mail for this address.
        MailError: the server did not take it; another try may help.
        redis.RedisError: the link cannot be stored; likewise.
    """
    wanted: Mapping[str, Any] | None = task.payload.get("private")
    if wanted is None or task.age > LIFETIME:
        raise RefusedError("too_late", "the link was asked for too long ago to be sent")
    link = Link(wanted["email"], wanted["next"], wanted["browser"])
    token = secrets.token_urlsafe(32)
    client.set(key(token), orjson.dumps(asdict(link)), ex=LIFETIME)
    message = written(settings, link.email, f"{wanted['verify']}?{urlencode({'token': token})}")
    # The same where a run is lost after sending: mail servers and readers can tell that both are one message.
    message["Message-ID"] = f"<sign-in.{task.id}@{urlsplit(wanted['verify']).hostname}>"
    try:
        mail.send(settings, message)
    except MailError as error:
        client.delete(key(token))
        if error.final:
            raise RefusedError("undeliverable", str(error)) from None
        raise


def written(settings: Settings, to: str, url: str) -> EmailMessage:
    """The message with the link."""
    message = EmailMessage()
    message["Subject"] = "Sign in to Tracera"
    message["From"] = settings.smtp_from
    message["To"] = to
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(
        f"Open this link to sign in to Tracera:\n\n{url}\n\nIt works once, within {LIFETIME // 60} minutes.\n"
        "If you did not ask for it, ignore this message: nobody is signed in without it.\n",
        cte="8bit",
    )
    return message


def key(token: str) -> str:
    """Where a link is kept in Redis."""
    return f"magic:{digest(token)}"


def digest(text: str) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
