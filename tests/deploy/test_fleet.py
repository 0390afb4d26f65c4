"""Three web processes and two workers behind Caddy, on one PostgreSQL and one Valkey: they are one instance."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import psycopg
import pytest
import redis

from app.accounts.api_keys import PREFIX, hash_key, new_key
from db.accounts import api_keys
from db.core import redis as cache
from db.core.pool import Database
from db.embedded.servers import Endpoints
from tests.accounts.servers import steam
from tests.accounts.servers.wire import serving
from tests.conftest import free_port, made_database, wait_for
from tests.deploy.fleet import Fleet, end, settings
from tests.deploy.load import Load, Watcher
from tests.deploy.proxies import Front, front, running
from tests.deploy.visitor import AUTH, Visitor, hear, subscribe
from tests.portfolio.conftest import ME, add_person
from tests.upstream.app import UpstreamApp
from tests.upstream.data import World, synthetic
from tests.upstream.inventory import invented
from tests.upstream.server import running as upstream

pytestmark = pytest.mark.slow
ADDRESSES = ("127.0.3.1", "127.0.3.2", "127.0.3.3")
IMPORTS = 24
ASSETS = 300


@dataclass(frozen=True, slots=True)
class Open:
    """The proxy, the processes behind it, and what they share."""

    front: Front
    fleet: Fleet
    database_url: str
    redis: redis.Redis
    steam: UpstreamApp


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, endpoints: Endpoints, template: str) -> Iterator[Open]:
    folder = tmp_path_factory.mktemp("fleet")
    at = front("caddy", folder / "caddy")
    with (
        redis.Redis.from_url(endpoints.redis_url) as client,
        made_database(endpoints, template) as database_url,
        serving(steam.app(steam.Steam(steam_id=ME))) as openid,
        upstream(World(synthetic(10))) as (steam_url, world),
    ):
        client.flushdb()
        more = {
            "TRACERA_LOG_JSON": "1",
            "TRACERA_TASK_CONCURRENCY": "0",
            "TRACERA_STEAM_LOGIN": "1",
            "TRACERA_STEAM_OPENID_URL": f"{openid}/openid",
            "TRACERA_STEAM_URL": steam_url,
            "TRACERA_PORTFOLIO_REQUESTS_PER_MINUTE": "0",
            "TRACERA_DEMO_INTERVAL": "2",
        }
        fleet = Fleet(folder, free_port(), settings(at.url, database_url, endpoints, folder, more))
        try:
            fleet.start_web(*ADDRESSES)
            fleet.start_worker()
            fleet.start_worker()
            with running(at, fleet.addresses, fleet.port):
                wait_for(lambda: len(cache.latest_items(client)) > 400, 30, "no prices")
                yield Open(at, fleet, database_url, client, world)
        finally:
            fleet.stop()


def asked(fleet: Fleet) -> dict[str, int]:
    """How many requests each web process answered, by its own log."""
    logs = {address: fleet.folder / f"web-{address}.log" for address in ADDRESSES}
    return {
        address: log.read_text(encoding="utf-8").count('"route": "/api/v1/auth/me"') for address, log in logs.items()
    }


def test_whoever_signed_in_at_one_is_signed_in_at_all(opened: Open) -> None:
    one = Visitor(opened.front, "127.0.2.200")
    one.sign_in("steam/login")
    assert {one.get(f"{AUTH}/me").status_code for _ in range(60)} == {200}
    direct = [httpx.get(f"http://{at}:{opened.fleet.port}{AUTH}/me", headers={
        "Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in one.client.cookies.jar)
    }).status_code for at in ADDRESSES]  # fmt: skip
    assert direct == [200] * 3
    assert one.send("POST", "/api/v1/portfolios", {"name": "Second", "currency": "EUR"}).status_code == 201
    assert one.send("POST", f"{AUTH}/logout").status_code < 300
    assert {one.get(f"{AUTH}/me").status_code for _ in range(20)} == {401}
    assert min(asked(opened.fleet).values()) > 0, "one process got nothing to do"
    one.close()


def test_a_worker_imports_what_a_page_asked_for(opened: Open) -> None:
    opened.steam.world.inventories[ME] = invented(ASSETS)
    one = Visitor(opened.front, "127.0.2.201")
    one.sign_in("steam/login")
    done = one.send("POST", "/api/v1/portfolio/import")
    assert (done.status_code, done.json().get("imported_assets")) == (200, ASSETS)
    one.close()
    with psycopg.connect(opened.database_url) as connection:
        ran = connection.execute("SELECT worker FROM tasks.details ORDER BY job_id DESC LIMIT 1").fetchone()
    assert ran
    assert int(ran[0].rsplit(":", 1)[1]) in [process.pid for process in opened.fleet.workers]


def test_each_process_tells_its_own_listeners(opened: Open) -> None:
    items = sorted(cache.latest_items(opened.redis))
    with ExitStack() as stack:
        visitors = [stack.enter_context(Visitor(opened.front, f"127.0.2.{210 + number}")) for number in range(6)]
        sockets = [stack.enter_context(visitor.socket()) for visitor in visitors]
        for socket in sockets:
            subscribe(socket, *items)
            hear(socket, "subscribed")
        begun = datetime.now(UTC)
        for socket in sockets:
            news = (hear(socket, "price") for _ in range(3 * len(items)))
            assert any(datetime.fromisoformat(price["timestamp"]) > begun for price in news)


def key_of(database: Database, steam_id: str) -> str:
    """Somebody with a linked Steam account; their API key."""
    person, key = add_person(database, steam_id), new_key()
    api_keys.create(
        database, person.id, name="test", scope="full", prefix=key[: len(PREFIX) + 4], key_hash=hash_key(key), most=10
    )
    return key


def start_import(at: Front, key: str, number: int) -> int:
    """The status of one import as a script asks for it."""
    with Visitor(at, f"127.0.5.{number + 1}", Authorization=f"Bearer {key}") as script:
        return script.client.post("/api/v1/portfolio/import", timeout=60).status_code


def test_a_rolling_restart_under_load_loses_nothing(opened: Open) -> None:
    database = Database(opened.database_url, size=2)
    people = [f"7656119800000{number:04}" for number in range(1000, 1000 + IMPORTS)]
    keys = [key_of(database, steam_id) for steam_id in people]
    for steam_id in people:
        opened.steam.world.inventories[steam_id] = invented(ASSETS, page_size=100)
    items = sorted(cache.latest_items(opened.redis))
    watchers = [Watcher(opened.front, f"127.0.2.{220 + number}", items).start() for number in range(3)]
    load = Load(opened.front).start()
    statuses: list[Future[int]] = []
    begun = time.monotonic()
    try:
        with ThreadPoolExecutor(4) as scripts:
            for number, key in enumerate(keys):
                statuses.append(scripts.submit(start_import, opened.front, key, number))
            for address in ADDRESSES:
                opened.fleet.restart_web(address)
                time.sleep(2)
            for _ in range(2):
                end(opened.fleet.workers.pop(0))
                opened.fleet.start_worker()
        seconds = time.monotonic() - begun
        time.sleep(2)
        load.stop()
        states = "SELECT count(*) AS n FROM tasks.details WHERE result IS NOT NULL AND user_id IS NOT NULL"
        wait_for(lambda: (database.row(states) or {})["n"] >= IMPORTS, 60, "imports did not end")
        held = database.rows(
            "SELECT i.subject, count(h.*) AS n FROM user_identities i JOIN user_portfolio_holdings h USING (user_id)"
            " WHERE i.subject = ANY (%s) GROUP BY 1",
            [people],
        )
        assert {row["subject"]: row["n"] for row in held} == dict.fromkeys(people, ASSETS)
        for watcher in watchers:
            wait_for(lambda one=watcher: one.shows(latest(opened)), 20, "a page shows an old price")  # type: ignore[misc]
    finally:
        load.stop()
        for watcher in watchers:
            watcher.stop()
        database.close()
    answered = Counter(status.result() for status in statuses)
    print(
        f"{sum(load.statuses.values())} requests in {seconds:.0f} s, slowest {load.slowest:.1f} s, failed {load.failures};"
        f" imports {dict(answered)}; sockets opened {[watcher.connections for watcher in watchers]}"
    )
    assert not load.failures
    assert set(answered) <= {200, 202}


def latest(opened: Open) -> dict[int, tuple[int, str]]:
    """The newest price of each item."""
    return {item: (price["price"], price["timestamp"]) for item, price in cache.all_latest(opened.redis).items()}
