import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
import redis

from app.portfolio.inventory.errors import InventoryError, Reason
from app.portfolio.inventory.progress import CHANNEL
from app.portfolio.inventory.run import Importer, ImportOptions
from app.portfolio.inventory.start import import_status, start_import
from db.core.pool import Database
from db.embedded.servers import Endpoints
from tests.conftest import ROOT, wait_for
from tests.portfolio.conftest import ME, Bench, add_person, import_here
from tests.upstream.inventory import Owner, invented


def slow(pages: int, *, start: int = 5 * 10**10) -> tuple[Owner, threading.Event]:
    """An inventory whose second page is given once the event is set."""
    owner = invented(pages * 10, page_size=10, start=start)
    go = threading.Event()

    def serve(page: int) -> int:
        if page == 1:
            go.wait(20)
        return page

    owner.serve = serve
    return owner, go


def test_steps_are_published_and_stored(desk: Bench) -> None:
    heard = desk.redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    heard.subscribe(CHANNEL)
    heard.get_message(timeout=1)
    desk.run(invented(2500))
    messages = []
    while (message := heard.get_message(timeout=1)) is not None:
        messages.append(orjson.loads(message["data"]))
    heard.close()
    assert [(step["type"], step["state"], step["done"], step["total"]) for step in messages] == [
        ("import", "running", 0, None),
        ("import", "running", 1000, 2500),
        ("import", "running", 2000, 2500),
        ("import", "running", 2500, 2500),
        ("import", "done", 2500, 2500),
    ]
    state, cooldown = import_status(desk.importer.database, desk.redis, desk.person.id)
    assert state
    assert (state["state"], state["done"], state["total"]) == ("done", 2500, 2500)
    assert cooldown
    assert 30 < cooldown <= 60
    assert state["result"]["imported_assets"] == 2500


def test_a_second_start_joins_the_first(desk: Bench) -> None:
    def start() -> int:
        return start_import(desk.importer.database, desk.redis, desk.person.id, None, cooldown=60)

    with ThreadPoolExecutor(3) as pool:
        first = {task.result() for task in [pool.submit(start) for _ in range(9)]}
    assert len(first) == 1
    desk.importer.database.execute("UPDATE tasks.procrastinate_jobs SET status = 'doing'")
    assert {start()} == first


def test_cooldown_reports_the_time_left(desk: Bench) -> None:
    desk.run(invented(5))
    with pytest.raises(InventoryError, match=r"possible in \d+ seconds") as caught:
        desk.import_again()
    assert caught.value.status == 429
    assert caught.value.retry_after
    assert 50 < caught.value.retry_after <= 60
    assert desk.redis.ttl(f"portfolio:cooldown:{desk.person.id}") > 50


def test_another_person_has_a_cooldown_of_their_own(desk: Bench) -> None:
    desk.run(invented(5))
    other = add_person(desk.importer.database, "76561198000000002")
    desk.steam.world.inventories[other.steam_id] = invented(7)
    assert desk.import_again(user_id=other.id)["imported_assets"] == 7
    assert len(desk.holdings()) == 5


def test_after_a_failure_the_wait_is_short(desk: Bench) -> None:
    owner = invented(5)
    owner.answers[0] = (403, b"null")
    with pytest.raises(InventoryError, match="private"):
        desk.run(owner)
    assert 0 < desk.redis.ttl(f"portfolio:cooldown:{desk.person.id}") <= 30


@pytest.mark.slow
def test_without_redis_nothing_is_imported(desk: Bench) -> None:
    nowhere = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=1)
    desk.steam.world.inventories[ME] = invented(5)
    with pytest.raises(InventoryError, match="try again") as caught:
        import_here(desk.importer, nowhere, desk.person.id)
    assert (caught.value.reason, caught.value.status) == (Reason.REDIS_DOWN, 503)
    assert desk.steam.asked("/inventory/") == []
    assert import_status(desk.importer.database, nowhere, desk.person.id) == (None, None)


@pytest.mark.slow
def test_an_import_ends_well_though_redis_went_away_meanwhile(desk: Bench, options: ImportOptions) -> None:
    nowhere = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=1)
    desk.steam.world.inventories[ME] = invented(5)
    importer = Importer(desk.importer.database, nowhere, options)
    assert import_here(importer, desk.redis, desk.person.id)["imported_assets"] == 5


def test_without_a_linked_account(desk: Bench) -> None:
    stranger = add_person(desk.importer.database, None)
    with pytest.raises(InventoryError, match="Link your Steam account") as caught:
        desk.import_again(user_id=stranger.id)
    assert caught.value.status == 400


PROGRAM = """
import sys, redis
from db.core.pool import Database
from app.portfolio.inventory.run import Importer, ImportOptions
from tests.portfolio.conftest import import_here
database, cache, steam, user = sys.argv[1:]
client = redis.Redis.from_url(cache)
import_here(Importer(Database(database), client, ImportOptions(steam, requests_per_minute=0)), client, int(user), drop=50)
"""


@pytest.mark.slow
def test_killed_in_the_middle_the_last_state_is_whole(
    desk: Bench, database_url: str, endpoints: Endpoints, steam_url: str
) -> None:
    desk.run(invented(50))
    before = desk.holdings()
    desk.redis.flushdb()
    owner, go = slow(3)
    desk.steam.world.inventories[ME] = owner
    asked = len(desk.steam.asked("/inventory/"))
    arguments = [database_url, endpoints.redis_url, steam_url, str(desk.person.id)]
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT)
    wait_for(lambda: len(desk.steam.asked("/inventory/")) == asked + 2, 20, "the import did not begin")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    go.set()
    assert desk.holdings() == before
    # The task goes on with the next worker; until then a second start joins it.
    state, _ = import_status(desk.importer.database, desk.redis, desk.person.id)
    assert state
    assert state["state"] == "running"


@pytest.mark.slow
def test_killed_in_the_middle_of_writing_the_last_state_is_whole(
    desk: Bench, database: Database, database_url: str, endpoints: Endpoints, steam_url: str
) -> None:
    desk.run(invented(50))
    before = desk.holdings()
    desk.redis.flushdb()
    desk.steam.world.inventories[ME] = invented(20_000, start=6 * 10**10)
    arguments = [database_url, endpoints.redis_url, steam_url, str(desk.person.id)]
    with database.connection() as connection, connection.transaction():
        # Holds the writer in the middle of its transaction, after it has copied and deleted.
        connection.execute("LOCK TABLE user_portfolio_imports IN EXCLUSIVE MODE")
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT)
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO user_portfolio_imports%'"
        wait_for(lambda: database.rows(waiting), 60, "the import did not come to its last statement")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    wait_for(lambda: desk.holdings() == before, 20, "the last state is not back")
