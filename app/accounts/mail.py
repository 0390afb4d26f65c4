"""Mail: sent by a thread of its own, so that the answer's time does not tell whether an address is known."""

import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from typing import Final

import structlog

from app.settings import Settings

log = structlog.get_logger(__name__)

TIMEOUT: Final = 15.0
_senders = ThreadPoolExecutor(max_workers=2, thread_name_prefix="mail")


def send_later(settings: Settings, message: EmailMessage) -> None:
    """Send a message soon; a failure is logged, because the answer is out by then."""
    _senders.submit(_send, settings, message)


def sign_in_mail(settings: Settings, to: str, link: str, minutes: int) -> EmailMessage:
    """The message with the link."""
    message = EmailMessage()
    message["Subject"] = "Sign in to Tracera"
    message["From"] = settings.smtp_from
    message["To"] = to
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(
        f"Open this link to sign in to Tracera:\n\n{link}\n\nIt works once, within {minutes} minutes.\n"
        "If you did not ask for it, ignore this message: nobody is signed in without it.\n",
        cte="8bit",
    )
    return message


def _send(settings: Settings, message: EmailMessage) -> None:
    try:
        with _connect(settings) as server:
            if settings.smtp_user:
                secret = settings.smtp_password.get_secret_value() if settings.smtp_password else ""
                server.login(settings.smtp_user, secret)
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        log.error("a sign-in link could not be sent", error=str(error), host=settings.smtp_host)  # noqa: TRY400  # no trace needed


def _connect(settings: Settings) -> smtplib.SMTP:
    host = settings.smtp_host or ""
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(host, settings.smtp_port, timeout=TIMEOUT, context=ssl.create_default_context())
    server = smtplib.SMTP(host, settings.smtp_port, timeout=TIMEOUT)
    if settings.smtp_security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
    return server
