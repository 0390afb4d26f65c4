"""Backfills as tasks: put in by the owner or by the command, loaded once however often they run."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.accounts.api_keys import hash_key, new_key
from app.runtime import Runtime, Services
from app.server.backfills import load_candles, load_prices
from app.settings import Settings
from app.tasks.kinds import CANDLE_BACKFILL, PRICE_BACKFILL, Kind
from app.tasks.run import AgainError, run_once
from app.tasks.task import Task
from app.web.factory import create_server
from db.accounts import api_keys
from db.core.pool import Database, Row
from db.embedded.servers import Endpoints
from db.tasks import details
from tests.commands.support import run
from tests.exchange.market import Listing, Market
from tests.exchange.server import Exchange, running

ITEM = "AK-47 | Redline (Field-Tested)"
FILE = f"market_hash_name,date,price,volume\n{ITEM},2024-05-01,10.50,7\n{ITEM},2024-05-02,11.00,9\n"
PRICES, CANDLES = "/api/v1/backfills/prices?source=steam", "/api/v1/backfills/candles"
MINUTES = 90


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    market = Market(Listing("BTCUSDT", "BTC"), Listing("ETHUSDT", "ETH"))
    market.fill("BTCUSDT", MINUTES, price="60000")
    market.fill("ETHUSDT", MINUTES, price="3000")
    with running(market) as started:
        yield started


@pytest.fixture
def settings(exchange: Exchange, database_url: str, endpoints: Endpoints) -> dict[str, str]:
    return {
        "database_url": database_url,
        "redis_url": endpoints.redis_url,
        "binance_url": exchange.url,
        "session_secret": "a-secret-of-tests-that-is-long-enough",
    }


@pytest.fixture
def held(settings: dict[str, str]) -> Iterator[Runtime]:
    made = Runtime(Settings(_env_file=None, providers=("binance",), **settings))  # type: ignore[arg-type]
    yield made
    made.stop()


@pytest.fixture
def client(held: Runtime) -> FlaskClient:
    return create_server(held).test_client()


def key_of(database: Database, name: str, *, owner: bool) -> dict[str, str]:
    row = database.row("INSERT INTO users (name, session_key) VALUES (%s, %s) RETURNING id", [name, name])
    assert row
    if owner:
        database.execute(
            "INSERT INTO user_identities (provider, subject, user_id) VALUES ('local', 'owner', %s)", [row["id"]]
        )
    key = new_key()
    api_keys.create(database, row["id"], name="t", scope="full", prefix=key[:8], key_hash=hash_key(key), most=10)
    return {"Authorization": f"Bearer {key}"}


def work(held: Services, task_id: int) -> Row:
    """Run a task here, as a worker does."""
    database = held.database
    letter = details.letter(database, task_id)
    assert letter
    kinds: dict[str, tuple[Kind, object]] = {
        "price_backfill": (PRICE_BACKFILL, load_prices),
        "candle_backfill": (CANDLE_BACKFILL, load_candles),
    }
    kind, load = kinds[letter["kind"]]
    database.execute("UPDATE tasks.procrastinate_jobs SET status = 'doing' WHERE id = %s", [task_id])
    task = Task(database, task_id, secrets.token_hex(4), letter["payload"])
    run_once(task, kind, lambda task: load(held, task), "test")  # type: ignore[operator]
    database.rows("SELECT tasks.procrastinate_finish_job_v1(%s, 'succeeded', false)", [task_id])
    ended = details.one(database, task_id)
    assert ended
    return ended


def test_only_the_owner_loads_a_past(client: FlaskClient, database: Database) -> None:
    guest = key_of(database, "guest", owner=False)
    assert client.post(PRICES, data=FILE.encode(), headers=guest).status_code == 403
    assert client.post(CANDLES, json={"source": "binance", "symbols": ["BTCUSDT"]}, headers=guest).status_code == 403
    owner = key_of(database, "owner", owner=True)
    assert client.post(PRICES, headers=owner).status_code == 400
    assert client.post("/api/v1/backfills/prices?source=binance", data=b"x", headers=owner).status_code == 400
    for body in (
        {"source": "steam", "symbols": ["BTCUSDT"]},
        {"source": "binance", "symbols": []},
        {"source": "binance", "symbols": ["BTC/USDT"]},
        {"source": "binance", "symbols": ["BTCUSDT"], "interval": "2m"},
        {"source": "binance", "symbols": ["BTCUSDT"], "since": "2024-01-02T00:00:00Z", "until": "2024-01-01T00:00:00Z"},
    ):
        assert client.post(CANDLES, json=body, headers=owner).status_code == 400, body
    assert database.rows("SELECT FROM tasks.details") == []


def test_a_file_of_prices_is_loaded_once(client: FlaskClient, held: Runtime, database: Database) -> None:
    owner = key_of(database, "owner", owner=True)
    reply = client.post(f"{PRICES}&name=../a/prices.csv", data=FILE.encode(), headers=owner)
    assert reply.status_code == 202
    task_id = reply.get_json()["id"]
    ended = work(held.services, task_id)
    assert (ended["state"], ended["message"]) == ("done", "2 new points of 1 items")
    assert ended["result"]["new"] == 2
    assert database.rows("SELECT FROM task_files") == []
    again = client.post(PRICES, data=FILE.encode(), headers=owner).get_json()["id"]
    assert work(held.services, again)["result"] | {} == ended["result"] | {"new": 0, "known": 2}
    bad = client.post(PRICES, data=b"nothing,of,use\n1,2,3\n", headers=owner).get_json()["id"]
    refused = work(held.services, bad)
    assert (refused["state"], refused["error"]["reason"]) == ("failed", "invalid")


def test_candles_are_asked_for_and_go_on_where_they_stopped(
    client: FlaskClient, held: Runtime, database: Database, exchange: Exchange
) -> None:
    owner = key_of(database, "owner", owner=True)
    body = {"source": "binance", "symbols": ["btcusdt", "ETHUSDT"]}
    task_id = client.post(CANDLES, json=body, headers=owner).get_json()["id"]
    ended = work(held.services, task_id)
    assert ended["state"] == "done", ended
    assert ended["result"]["changed"] >= 2 * (MINUTES - 1)
    count = database.row("SELECT count(*) AS n FROM candles_1m")
    again = client.post(CANDLES, json=body, headers=owner).get_json()["id"]
    assert work(held.services, again)["result"] == {"changed": 0}
    assert database.row("SELECT count(*) AS n FROM candles_1m") == count
    unknown = client.post(CANDLES, json=body | {"symbols": ["GONEUSDT"]}, headers=owner).get_json()["id"]
    assert work(held.services, unknown)["error"]["reason"] == "unknown_pair"
    del exchange


def test_an_exchange_that_refuses_is_asked_again_later(client: FlaskClient, database: Database, held: Runtime) -> None:
    owner = key_of(database, "owner", owner=True)
    task_id = client.post(CANDLES, json={"source": "binance", "symbols": ["BTCUSDT"]}, headers=owner).get_json()["id"]
    dead = Services(
        held.services.settings.model_copy(update={"binance_url": "http://127.0.0.1:9"}), database, held.services.redis
    )
    with pytest.raises(AgainError):
        work(dead, task_id)
    ended = details.one(database, task_id)
    assert ended
    assert "what came is stored" in ended["error"]["message"]
    assert work(held.services, task_id)["state"] == "done"


@pytest.mark.slow
def test_the_command_puts_them_in(tmp_path: Path, settings: dict[str, str], held: Runtime, database: Database) -> None:
    variables = {f"TRACERA_{name.upper()}": value for name, value in settings.items()}
    file = tmp_path / "prices.csv"
    file.write_text(FILE)
    done = run(tmp_path, "backfill", str(file), "--source", "steam", "--later", **variables)
    assert done.returncode == 0, done.stderr
    assert database.rows("SELECT FROM price_history") == []
    pairs = run(tmp_path, "backfill", "--source", "binance", "--symbol", "BTCUSDT", "--later", **variables)
    assert pairs.returncode == 0, pairs.stderr
    tasks = [row["id"] for row in database.rows("SELECT job_id AS id FROM tasks.details ORDER BY 1")]
    assert f"task {tasks[0]}" in done.stdout
    assert [work(held.services, task_id)["state"] for task_id in tasks] == ["done", "done"]
    refused = run(tmp_path, "backfill", "--source", "binance", "--all", "--later", **variables)
    assert refused.returncode == 2
