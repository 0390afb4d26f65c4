"""Processes of one instance: pages and workers that share a PostgreSQL and a Valkey, as containers do."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from app.settings.security import COUNTED
from db.embedded.servers import Endpoints
from tests.conftest import ROOT, wait_for

SECRET = "a-secret-of-tests-that-is-long-enough"  # noqa: S105


@dataclass(slots=True)
class Fleet:
    """`serve` processes by their address, all on one port, and workers beside them."""

    folder: Path
    port: int
    settings: dict[str, str]
    web: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def addresses(self) -> list[str]:
        """Where pages are served, as a name server would have it."""
        return list(self.web)

    def start_web(self, *addresses: str) -> None:
        """Start one process for each address; returns once all answer."""
        for address in addresses:
            self.web[address] = self._start(f"web-{address}", "serve", "--host", address, "--port", str(self.port))
        for address in addresses:
            wait_for(lambda at=address: self._answers(at), 150, f"{address} does not answer; see {self.folder}")  # type: ignore[misc]

    def start_worker(self) -> None:
        """Start one process that runs tasks."""
        self.workers.append(self._start(f"worker-{len(self.workers)}", "worker"))

    def restart_web(self, address: str) -> None:
        """End one process in good order, and start another in its place."""
        end(self.web.pop(address))
        self.start_web(address)

    def stop(self) -> None:
        """End all of them, in good order."""
        running = [*self.web.values(), *self.workers]
        for process in running:
            process.terminate()
        for process in running:
            process.wait(timeout=60)

    def environment(self) -> dict[str, str]:
        """What each process has in its environment."""
        known = {name: value for name, value in os.environ.items() if not name.startswith("TRACERA_")}
        return known | {"PYTHONPATH": str(ROOT)} | self.settings

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "app.cli", *arguments],
                cwd=self.folder,
                env=self.environment(),
                stdout=log,
                stderr=log,
            )

    def _answers(self, address: str) -> bool:
        try:
            return httpx.get(f"http://{address}:{self.port}/healthz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False


def end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, and wait."""
    process.terminate()
    process.wait(timeout=60)


def settings(
    base_url: str, database_url: str, endpoints: Endpoints, folder: Path, more: Mapping[str, str]
) -> dict[str, str]:
    """Settings of processes behind one proxy; limits are those that a test names."""
    unlimited = {f"TRACERA_LIMIT_{group.upper()}": "0" for group in COUNTED}
    return unlimited | {
        "TRACERA_BASE_URL": base_url,
        "TRACERA_DATABASE_URL": database_url,
        "TRACERA_REDIS_URL": endpoints.redis_url,
        "TRACERA_SESSION_SECRET": SECRET,
        "TRACERA_TRUSTED_PROXIES": "1",
        "TRACERA_DATA_DIR": str(folder / "data"),
        "TRACERA_DEMO_HISTORY_DAYS": "0",
        "TRACERA_DEMO_PAIRS": "0",
        **more,
    }
