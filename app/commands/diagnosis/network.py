"""Checks of the network: each provider can be reached, and its clock agrees with ours."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import httpx

from app.commands.base import one_line
from app.commands.diagnosis.finding import Finding
from app.commands.diagnosis.parts import CLOCK_SECONDS, check_clock
from app.settings import Settings

TIMEOUT: Final = 5.0
SERVER_ERROR: Final = 500


def check_providers(settings: Settings) -> Iterator[Finding]:
    """Ask each provider's address once; any answer of it will do."""
    with httpx.Client(timeout=TIMEOUT, follow_redirects=False) as client:
        for name in settings.providers:
            url = getattr(settings, f"{name}_url", None)
            if url is None:
                yield Finding(f"provider {name}", "ok", "simulated" if name == "demo" else "asks nobody")
            else:
                yield from check_address(client, f"provider {name}", url, f"TRACERA_{name.upper()}_URL")
    if set(settings.providers) == {"demo"}:
        yield Finding("providers", "warning", "prices are simulated", "set TRACERA_PROVIDERS for real ones")


def check_address(client: httpx.Client, check: str, url: str, variable: str) -> Iterator[Finding]:
    """Whether an address answers, and whether the clock of its Date header agrees with ours."""
    host = urlsplit(url).hostname
    try:
        response = client.get(url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        seen = f"{host} does not answer: {one_line(error)}"
        yield Finding(check, "failed", seen, f"check the network, a firewall, and {variable}")
        return
    if response.status_code >= SERVER_ERROR:
        yield Finding(check, "warning", f"{host} answers {response.status_code}", "its fault; it is asked again")
    else:
        yield Finding(check, "ok", f"{host} answers")
    if (ahead := _ahead(response)) is not None and abs(ahead) > CLOCK_SECONDS + 1:
        yield check_clock(str(host), ahead)  # its header has whole seconds


def _ahead(response: httpx.Response) -> float | None:
    """Seconds that our clock is ahead of the Date header's."""
    try:
        return (datetime.now(UTC) - parsedate_to_datetime(response.headers["Date"])).total_seconds()
    except (KeyError, ValueError, TypeError):
        return None  # no Date, none that can be read, or one without a zone
