"""A new provider is one file and one entry: a copy of the program gets both, and collects from it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from db.core.pool import Database
from db.embedded.servers import Endpoints
from tests.conftest import ROOT

FILE = """
from datetime import UTC, datetime

from app.providers.base import Batch, Quote
from app.providers.market import Defaults, MarketProvider


class AcmeProvider(MarketProvider):
    name = "acme"
    sources = ("acme",)

    def __init__(self, settings):
        super().__init__(settings, Defaults("http://127.0.0.1:1", 60.0, 10.0, 10, 1.0), headers={"X-Key": settings.key})
        self._shop = settings.words("shop", ())[0]

    async def fetch(self, cursor):
        reply = await self.http.get(f"/{self._shop}/prices")
        now = datetime.now(UTC)
        yield Batch([Quote(name, "acme", price, now) for name, price in reply.value(dict).items()], dict(cursor))
"""
ENTRY = """
        "acme": ProviderEntry(
            "app.providers.acme:AcmeProvider",
            {"acme": Source(fee=321, rank=1)},
            site="Acme",
            url="https://acme.example",
            key="Acme API key.",
            needs_key=True,
            options={"shop": (str, Field(default="main", description="Which of Acme's shops."))},
        ),
"""
LOOK = """
from app.portfolio.importer import fees_of
from app.providers.registry import NAMES
from app.providers.sources import is_simulated, reference_rank
from app.settings import load
print(NAMES[0], fees_of(load())["acme"], reference_rank("acme"), is_simulated("acme"), load().acme_shop)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A copy of the program with the new file and the new entry."""
    for room in ("app", "db", "jobs", "components", "pages"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "app/providers/acme.py").write_text(FILE)
    entries = tmp_path / "app/settings/providers.py"
    head, mark, tail = entries.read_text().partition('\n        "demo": ProviderEntry(')
    assert mark
    entries.write_text(head + ENTRY + mark.lstrip("\n") + tail)
    return tmp_path


def run(program: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("TRACERA_")}
    environment = known | {"PYTHONPATH": str(program)} | settings
    return subprocess.run(
        [sys.executable, *arguments], cwd=program, env=environment, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip


@pytest.mark.slow
def test_one_file_and_one_entry_are_all(
    program: Path, database: Database, endpoints: Endpoints, httpserver: HTTPServer
) -> None:
    prices = {"AK-47 | Redline (Field-Tested)": 1234, "★ Karambit | Doppler (Factory New)": 99_999}
    httpserver.expect_request("/main/prices", headers={"X-Key": "a-key"}).respond_with_json(prices)
    settings = {
        "TRACERA_DATABASE_URL": database.url,
        "TRACERA_REDIS_URL": endpoints.redis_url,
        "TRACERA_PROVIDERS": "acme",
        "TRACERA_ACME_URL": httpserver.url_for("/"),
    }
    refused = run(program, "-m", "app.cli", "ingest", **settings)
    assert (refused.returncode, "TRACERA_ACME_KEY is needed" in refused.stderr) == (1, True), refused.stderr
    settings["TRACERA_ACME_KEY"] = "a-key"
    done = run(program, "-m", "app.cli", "ingest", "--provider", "acme", **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = database.rows(
        "SELECT i.market_hash_name, i.market, i.weapon_type, i.reference_source, l.price, l.source"
        " FROM price_latest l JOIN items i ON i.id = l.item_id ORDER BY l.price"
    )
    assert [(row["market_hash_name"], row["price"]) for row in rows] == list(prices.items())
    assert {(row["market"], row["source"], row["reference_source"]) for row in rows} == {("steam:730", "acme", "acme")}
    assert all(row["weapon_type"] for row in rows)
    assert run(program, "-c", LOOK, **settings).stdout.split() == ["acme", "321", "1", "False", "main"]
