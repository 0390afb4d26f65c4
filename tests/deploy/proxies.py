"""A real Caddy and a real nginx, with what deploy/ holds for them but for ports, names and certificates."""

import getpass
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.conftest import ROOT, free_port, wait_for
from tests.deploy.names import serving_names

DEPLOY = ROOT / "deploy"
FORWARDED = re.compile(r"^\s*proxy_set_header X-Forwarded-.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Front:
    """A proxy to be: where people reach it, and the authority behind its certificate."""

    name: str
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def authority(self) -> Path:
        if self.name == "caddy":
            return self.folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        return self.folder / "certificate.pem"

    def trust(self) -> ssl.SSLContext:
        """TLS as a client has it that knows this authority."""
        return ssl.create_default_context(cafile=self.authority)

    def answers(self) -> bool:
        """Whether it listens with its certificate."""
        return self.authority.exists() and subprocess.run(
            ["curl", "-sf", "--cacert", str(self.authority), "-o", "/dev/null", f"{self.url}/healthz"], check=False
        ).returncode in {0, 22}


def front(name: str, folder: Path) -> Front:
    """A proxy of a kind; skips where it is not installed."""
    if program(name) is None:
        pytest.skip(f"{name} is not installed: apt-get install {name}")
    folder.mkdir()
    return Front(name, folder, free_port())


def program(name: str) -> str | None:
    """Debian keeps nginx where only root looks."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


@contextmanager
def running(at: Front, addresses: Callable[[], Sequence[str]], port: int, *, forwards: bool = True) -> Iterator[None]:
    """Run the proxy before instances; `forwards`: whether nginx says whom it forwards for."""
    if at.name == "caddy":
        with serving_names(addresses) as names, _process(at, _caddy(at, names, port)):
            yield
    else:
        with _process(at, _nginx(at, addresses()[0], port, forwards=forwards)):
            yield


@contextmanager
def _process(at: Front, command: list[str]) -> Iterator[None]:
    environment = os.environ | {
        "XDG_DATA_HOME": str(at.folder),
        "XDG_CONFIG_HOME": str(at.folder),
        "TRACERA_DOMAIN": at.url,
    }
    log = at.folder / "log"
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=at.folder, env=environment, stdout=output, stderr=output)
    try:
        wait_for(at.answers, 20, f"{at.name} does not answer; see {log}")
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def _caddy(at: Front, names: str, port: int) -> list[str]:
    """Caddy's command. It makes its certificate by itself, and leaves the machine's own store of them alone."""
    text = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    text = text.replace("admin off", "admin off\n\tskip_install_trust\n\tauto_https disable_redirects", 1)
    text = text.replace("dynamic a web 8050 {", f"dynamic a web {port} {{\n\t\t\tresolvers udp/{names}", 1)
    file = at.folder / "Caddyfile"
    file.write_text(text, encoding="utf-8")
    return [program("caddy") or "", "run", "--config", str(file), "--adapter", "caddyfile"]


def _nginx(at: Front, address: str, port: int, *, forwards: bool) -> list[str]:
    """nginx's command, with a certificate as the file's own words say."""
    certify(at.folder)
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    text = text.replace("server 127.0.0.1:8050;", f"server {address}:{port};", 1)
    certificate = "ssl_certificate certificate.pem; ssl_certificate_key key.pem;"
    text = text.replace("listen 80;", f"listen 127.0.0.1:{at.port} ssl; {certificate}", 1)
    if not forwards:
        text = FORWARDED.sub("", text)
    own = f"user {getpass.getuser()}; " if os.geteuid() == 0 else ""
    temporary = "".join(f"{kind}_temp_path tmp_{kind}; " for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    head = f"{own}pid nginx.pid; events {{}}\nhttp {{ access_log off; client_body_temp_path tmp; {temporary}\n"
    (at.folder / "nginx.conf").write_text(f"{head}{text}\n}}\n", encoding="utf-8")
    quiet = ["-e", "stderr", "-g", "daemon off; error_log stderr;"]
    return [program("nginx") or "", "-p", str(at.folder), "-c", str(at.folder / "nginx.conf"), *quiet]


def certify(folder: Path) -> None:
    """A certificate of its own for localhost, in certificate.pem, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
