"""Session secret: signs cookies and CSRF tokens."""

import os
import secrets
from pathlib import Path

import structlog

from app.settings import Settings

log = structlog.get_logger(__name__)

FILE = "session_secret"


def session_secret(settings: Settings, *, embedded: bool) -> str:
    """The configured secret; else one stored in the data folder of embedded servers; else one of this process alone."""
    if settings.session_secret is not None:
        return settings.session_secret.get_secret_value()
    if embedded:
        return _stored_secret(settings.data_dir / FILE)
    log.warning("TRACERA_SESSION_SECRET is not set: forms of other processes and of before a restart are refused")
    return secrets.token_urlsafe(48)


def _stored_secret(path: Path) -> str:
    """The file's secret; the first process makes it, readable by its user alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(fresh, path)  # fails where another process was quicker, whose secret then counts
        except FileExistsError:
            log.debug("another process made the session secret")
        finally:
            fresh.unlink()
    return path.read_text(encoding="ascii").strip()
