"""oidc-provider-mock in a process of its own: what it warns of is none of these tests' business."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.conftest import free_port, wait_for


@contextmanager
def provider_mock(*users: dict[str, Any]) -> Iterator[str]:
    """Run it with these users' claims; its address."""
    port = free_port()
    claims = [part for user in users for part in ("--user-claims", json.dumps(user))]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), *claims],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/.well-known/openid-configuration").is_success
        except httpx.HTTPError:
            return False

    try:
        wait_for(answers, 30, "oidc-provider-mock does not answer")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)
