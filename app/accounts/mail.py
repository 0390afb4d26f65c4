"""Mail: one message handed to the configured server."""

import smtplib
import ssl
from email.message import EmailMessage
from typing import Final

from app.settings import Settings

TIMEOUT: Final = 15.0
PERMANENT: Final = 500
"""SMTP replies from here on are final (RFC 5321, 4.2.1)."""


class MailError(Exception):
    """The server did not take the message; the words name no address. `final`: it refused the recipient for good."""

    def __init__(self, words: str, *, final: bool = False) -> None:
        super().__init__(words)
        self.final = final


def send(settings: Settings, message: EmailMessage) -> None:
    """Hand a message to the mail server.

    Raises:
        MailError: it was not taken.
    """
    try:
        with _connect(settings) as server:
            if settings.smtp_user:
                secret = settings.smtp_password.get_secret_value() if settings.smtp_password else ""
                server.login(settings.smtp_user, secret)
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        replies = list(error.recipients.values())
        words = "; ".join(f"{code} {_text(reply)}" for code, reply in replies)
        final = all(code >= PERMANENT for code, _ in replies)
        raise _error(message, f"the recipient was refused: {words}", final=final) from None
    except smtplib.SMTPResponseException as error:  # its str is that of a tuple with bytes
        words = f"{error.smtp_code} {_text(error.smtp_error)}"
        raise _error(message, f"{settings.smtp_host} answered {words}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise _error(message, f"{settings.smtp_host}: {error}") from None


def _text(reply: bytes | str) -> str:
    return reply.decode(errors="replace") if isinstance(reply, bytes) else reply


def _error(message: EmailMessage, words: str, *, final: bool = False) -> MailError:
    """An error without the address, which servers like to repeat: errors are logged, and kept with dead letters."""
    return MailError(f"the mail could not be sent: {words.replace(message['To'], '…')}", final=final)


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
