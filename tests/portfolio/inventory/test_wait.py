"""POST /portfolio/import for scripts, served: it waits 25 seconds without a thread, joins, is answered at the end, and goes on after a restart."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from app.accounts.api_keys import hash_key, new_key
from db.accounts import api_keys
from db.core.pool import Database
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.patience import within
from tests.portfolio.conftest import ME, add_person
from tests.upstream.app import UpstreamApp
from tests.upstream.inventory import invented

pytestmark = pytest.mark.slow
THREADS = 2


class Served:
    """An instance with two threads for requests, and a script's key."""

    def __init__(self, folder: Path, steam_url: str) -> None:
        self._folder, self._steam_url = folder / "data", steam_url
        self.site = self.start(tasks=0)
        database = Database(self.site.endpoints().database_url, size=1)
        person, self.key = add_person(database, ME), new_key()
        api_keys.create(
            database, person.id, name="script", scope="full", prefix=self.key[:8], key_hash=hash_key(self.key), most=10
        )
        database.close()

    def start(self, tasks: int) -> Site:
        """Start it, with so many long tasks at once."""
        self.site = site = start_site(
            self._folder,
            TRACERA_PROVIDERS="steam",
            TRACERA_SCHEDULER="false",
            TRACERA_STEAM_URL=self._steam_url,
            TRACERA_THREADS=str(THREADS),
            TRACERA_TASK_CONCURRENCY=str(tasks),
        )
        wait_for(lambda: site.get("/api/v1/items?limit=1")[0] == 200, 90, f"no answer; see {site.log}")
        return site

    def ask(self, method: str, path: str) -> tuple[httpx.Response, float]:
        """An answer, and how many seconds it took."""
        began = time.monotonic()
        reply = httpx.request(
            method, f"{self.site.url}/api/v1{path}", headers={"Authorization": f"Bearer {self.key}"}, timeout=60
        )
        return reply, time.monotonic() - began


@pytest.fixture
def served(tmp_path: Path, steam: UpstreamApp, steam_url: str) -> Iterator[Served]:
    steam.world.inventories[ME] = invented(5)
    with ExitStack() as stack:
        made = Served(tmp_path, steam_url)
        stack.callback(lambda: stop_site(made.site))
        yield made


def test_a_script_waits_is_told_of_the_task_and_finds_it_done_after_a_restart(served: Served) -> None:
    with ThreadPoolExecutor(8) as scripts:
        asked = [scripts.submit(served.ask, "POST", "/portfolio/import") for _ in range(3 * THREADS)]
        time.sleep(1)
        for _ in range(5):
            reply, seconds = served.ask("GET", "/items?limit=1")
            assert (reply.status_code, seconds < within(5)) == (200, True), "those who wait hold the threads"
        answers = [one.result() for one in asked]
        for reply, seconds in answers:
            assert reply.status_code == 202
            assert 24 < seconds < within(35)
        (location,) = {reply.headers["Location"] for reply, _ in answers}
        body = answers[0][0].json()
        assert (body["kind"], body["state"], body["error"]) == ("inventory_import", "waiting", None)
        assert location == f"/api/v1/tasks/{body['id']}"

        late = scripts.submit(served.ask, "POST", "/portfolio/import")
        time.sleep(1)
        stop_site(served.site)
        reply, seconds = late.result()
        assert (reply.status_code, reply.json()["id"], seconds < within(10)) == (202, body["id"], True)

    served.start(tasks=1)
    path = location.removeprefix("/api/v1")
    wait_for(lambda: served.ask("GET", path)[0].json()["state"] == "done", 30, "the import does not go on")
    assert served.ask("GET", path)[0].json()["result"]["imported_assets"] == 5
    assert served.ask("GET", "/portfolio")[0].json()["item_count"] == 5
