"""Mail by a real server that wants TLS and a password; where it cannot be trusted it learns neither link nor password."""

import ipaddress
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask

from tests.accounts.conftest import Make
from tests.accounts.servers.mail import PatientController
from tests.accounts.support import AUTH, Visitor
from tests.conftest import free_port, wait_for

USER, PASSWORD = "tracera", "a password of the mail server"
Serve = Callable[..., "PostOffice"]


@dataclass
class PostOffice:
    """A mail server: what it was sent, by whom, and whether that was encrypted."""

    port: int = field(default_factory=free_port)
    mails: list[tuple[str, bool]] = field(default_factory=list)
    passwords: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append((envelope.content.decode(), session.ssl is not None))
        return "250 OK"

    def check(self, _server: Any, _session: Any, _envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert mechanism in {"LOGIN", "PLAIN"}
        assert isinstance(data, LoginPassword)
        self.passwords.append(data.password)
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


def certificate(folder: Path, *, address: str = "127.0.0.1", days: int = 1) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS with a certificate of its own for an address, and the file that makes others trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    trusted, both = folder / "ca.pem", folder / "server.pem"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(private + trusted.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, trusted


@pytest.fixture
def make(make: Make, send_mails: Callable[[Flask], Flask]) -> Make:
    """Makes applications whose mails are sent."""
    return lambda **settings: send_mails(make(**settings))


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts mail servers; this process trusts their certificates unless it is told not to."""
    with ExitStack() as stack:

        def start(security: str, *, trusted: bool = True, **made: Any) -> PostOffice:
            context, file = certificate(tmp_path, **made)
            if trusted:
                monkeypatch.setenv("SSL_CERT_FILE", str(file))  # OpenSSL's own way to say whom one trusts
            office = PostOffice()
            ways: dict[str, dict[str, Any]] = {
                "tls": {"ssl_context": context, "auth_require_tls": False},  # it does not count TLS from the start
                "starttls": {"tls_context": context, "require_starttls": True, "auth_required": True},
                "none": {"auth_require_tls": False},
            }
            controller = PatientController(
                office, hostname="127.0.0.1", port=office.port, authenticator=office.check, **ways[security]
            )
            controller.start()
            stack.callback(controller.stop)
            return office

        yield start


def application(make: Make, office: PostOffice, security: str, password: str = PASSWORD) -> Flask:
    return make(
        smtp_host="127.0.0.1",
        smtp_port=office.port,
        smtp_security=security,
        smtp_user=USER,
        smtp_password=password,
        smtp_from="tracera@example.org",
    )


def ask(server: Flask) -> None:
    reply = Visitor(server).send("POST", f"{AUTH}/magic-link", {"email": "ada@example.org"})
    assert reply.status_code == 202


def nothing_came(office: PostOffice, capsys: pytest.CaptureFixture[str]) -> str:
    """Wait until sending has failed; what the log says of it."""
    told = ""

    def failed() -> bool:
        nonlocal told
        told += capsys.readouterr().out
        return "could not be sent" in told

    wait_for(failed, 15, "nothing was said of the failure")
    time.sleep(0.1)
    assert office.mails == []
    return told


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_link_is_sent_encrypted_and_with_a_password(security: str, make: Make, serve: Serve) -> None:
    office = serve(security)
    ask(application(make, office, security))
    wait_for(lambda: office.mails, 15, "no mail")
    ((mail, encrypted),) = office.mails
    assert "/api/v1/auth/magic-link/verify?token=" in mail
    assert "To: ada@example.org" in mail
    assert encrypted or security == "tls"
    assert office.passwords == [PASSWORD.encode()]


@pytest.mark.slow
@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(
    "made",
    [{"trusted": False}, {"address": "127.0.0.2"}, {"days": -1}],
    ids=["unknown", "another server's", "run out"],
)
def test_a_certificate_that_cannot_be_trusted_gets_nothing(
    security: str, made: dict[str, Any], make: Make, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    office = serve(security, **made)
    ask(application(make, office, security))
    assert "CERTIFICATE_VERIFY_FAILED" in nothing_came(office, capsys)
    assert office.passwords == []


def test_starttls_taken_out_on_the_way_gets_nothing(
    make: Make, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    office = serve("none")
    ask(application(make, office, "starttls"))
    assert "STARTTLS" in nothing_came(office, capsys)
    assert office.passwords == []


def test_a_wrong_password_is_told_to_the_operator_alone(
    make: Make, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    office = serve("starttls")
    ask(application(make, office, "starttls", "another password"))
    told = nothing_came(office, capsys)
    assert "535" in told
    assert "another password" not in told
