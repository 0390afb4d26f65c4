import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from psycopg import sql

from app import __version__
from app.candles import feeds
from app.runtime import Runtime
from app.settings import Settings
from app.web.factory import create_server
from db.embedded.servers import Endpoints
from db.operations import providers
from tests.api.conftest import Market
from tests.conftest import free_port
from tests.patience import within

PARTS = {"database", "redis", "migrations", "ingestion", "exchanges"}


def collected(runtime: Runtime, age: float) -> None:
    """A provider whose last good cycle was so many seconds ago."""
    at = datetime.now(UTC) - timedelta(seconds=age)
    database = runtime.services.database
    providers.register(database, "steam", simulated=False, interval=1.0)
    providers.succeeded(database, "steam", at=at, seconds=0.1, stored=1, next_attempt=at)


@contextmanager
def database_down(runtime: Runtime, endpoints: Endpoints) -> Iterator[None]:
    """Nobody may connect to the runtime's database, and nobody stays connected."""
    name = runtime.database_url.split("?", maxsplit=1)[0].rsplit("/", 1)[-1]
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(endpoints.database_url, autocommit=True) as connection:
        connection.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            connection.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


def test_the_process_answers_whatever_happens_around_it() -> None:
    nowhere = Settings(_env_file=None, database_url="postgresql://127.0.0.1:1/x", redis_url="redis://127.0.0.1:1")
    runtime = Runtime(nowhere)
    runtime._started = True  # it had started when both went away
    client = create_server(runtime).test_client()
    assert client.get("/healthz").get_json() == {"status": "ok"}
    assert client.get("/api/v1/health").get_json() == {"status": "ok"}
    assert client.get("/version").get_json() == {"version": __version__}
    runtime.stop()


def test_ready_when_every_part_is_well(client: FlaskClient, runtime: Runtime, market: Market) -> None:
    collected(runtime, 2)
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.get_json()["status"] == "ready"
    found = ready.get_json()["checks"]
    assert {name: part["ok"] for name, part in found.items()} == dict.fromkeys(PARTS, True)
    assert 2 <= found["ingestion"]["age_seconds"] < within(30)
    detailed = client.get("/api/v1/health/detailed")
    assert (detailed.status_code, detailed.get_json()["status"]) == (200, "ok")


def test_not_ready_before_anything_was_collected(client: FlaskClient, market: Market) -> None:
    reply = client.get("/readyz")
    assert (reply.status_code, reply.get_json()["status"]) == (503, "not ready")
    found = reply.get_json()["checks"]
    assert {name for name, part in found.items() if not part["ok"]} == {"ingestion"}
    assert "nothing was collected" in found["ingestion"]["error"]


def test_not_ready_when_ingestion_is_silent(client: FlaskClient, runtime: Runtime, market: Market) -> None:
    collected(runtime, runtime.settings.stale_seconds + 30)
    reply = client.get("/readyz")
    assert reply.status_code == 503
    assert "the last good cycle was 9" in reply.get_json()["checks"]["ingestion"]["error"]
    assert client.get("/api/v1/health/detailed").status_code == 503
    assert client.get("/healthz").status_code == 200


@pytest.mark.slow
def test_not_ready_while_the_database_is_down_and_ready_again(
    client: FlaskClient, runtime: Runtime, market: Market, endpoints: Endpoints
) -> None:
    collected(runtime, 0)
    assert client.get("/readyz").status_code == 200
    with database_down(runtime, endpoints):
        begun = time.monotonic()
        reply = client.get("/readyz")
        assert time.monotonic() - begun < within(10), "each check waited for itself"
        assert reply.status_code == 503
        found = reply.get_json()["checks"]
        assert {name: part["ok"] for name, part in found.items()} == dict.fromkeys(PARTS, False) | {
            "redis": True,
            "exchanges": True,
        }
        assert "does not answer" in found["database"]["error"]
        items = client.get("/api/v1/items")
        assert (items.status_code, set(items.get_json())) == (503, {"error"})
        assert int(items.headers["Retry-After"]) > 0
    deadline = time.monotonic() + 30
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline, "it did not come back"
        time.sleep(0.2)
    assert client.get("/api/v1/items").status_code == 200


def test_not_ready_without_redis(runtime: Runtime, market: Market) -> None:
    collected(runtime, 0)
    settings = Settings(_env_file=None, database_url=runtime.database_url, redis_url=f"redis://127.0.0.1:{free_port()}")
    cut_off = Runtime(settings)
    try:
        reply = create_server(cut_off).test_client().get("/readyz")
    finally:
        cut_off.stop()
    assert reply.status_code == 503
    assert {name for name, part in reply.get_json()["checks"].items() if not part["ok"]} == {"redis"}


def test_figures_of_the_process(client: FlaskClient, market: Market) -> None:
    found = client.get("/stats").get_json()
    assert set(found) == {"version", "live", "database", "requests", "jobs", "exchanges"}
    assert found["exchanges"] == []
    assert found["live"] is None, "there is no gateway in front of this server"
    assert found["database"]["pool_size"] >= 1


def test_an_exchange_s_feed_is_in_the_figures_and_metrics(
    client: FlaskClient, runtime: Runtime, market: Market
) -> None:
    connection = {"id": 1, "state": "waiting", "streams": 60, "age": 1.5, "reconnects": 2, "messages": 7}
    state = {"exchange": "demo", "ws_state": "waiting", "last_msg_age_ms": 1500, "reconnects": 2, "rest_catchup_candles_total": 30,
             "messages": 7, "streams": 60, "symbols": 20, "queue_depth": 3, "off_grid": None, "connections": [connection]}  # fmt: skip
    feeds.save(runtime.services.redis, state)
    assert client.get("/stats").get_json()["exchanges"] == [state]
    lines = client.get("/api/v1/metrics").text.splitlines()
    assert 'tracera_exchange_rest_catchup_candles_total{exchange="demo"} 30.0' in lines
    assert not [line for line in lines if line.startswith("tracera_exchange_off_grid{")]


def feed_state(*behind: str, symbols: int = 3, error: str | None = None) -> dict[str, Any]:
    named = [{"symbol": symbol, "last_candle": "2026-11-28T04:00:00Z", "seconds": 200} for symbol in behind]
    return {"exchange": "binance", "ws_state": "open", "error": error, "symbols": symbols, "behind": named, "behind_count": len(named),
            "set_aside": {"off_grid": 2}, "connections": [{"id": 1, "streams": 9, "uptime": None}]}  # fmt: skip


@pytest.mark.parametrize("providers", [("binance",), ("steam", "binance")])
def test_a_pair_that_is_behind_is_named_and_a_whole_feed_unready_only_where_nothing_else_is_collected(
    runtime: Runtime, market: Market, providers: tuple[str, ...]
) -> None:
    collected(runtime, 2)
    settings = Settings(
        _env_file=None, database_url=runtime.database_url, redis_url=runtime.redis_url, providers=providers
    )
    served = Runtime(settings)
    client, alone = create_server(served).test_client(), providers == ("binance",)
    try:
        for state, named, ready in (
            (None, "no process runs this feed", not alone),
            (feed_state(), None, True),
            (feed_state("ETHUSDT"), "ETHUSDT is behind", True),
            (feed_state("ETHUSDT", "BTCUSDT", "SOLUSDT"), "SOLUSDT are behind", not alone),
            (feed_state(symbols=0, error="451, not in this region"), "451", not alone),
        ):
            if state:
                feeds.save(served.services.redis, state)
            reply = client.get("/readyz")
            found = reply.get_json()["checks"]["exchanges"]
            assert (found["ok"], reply.status_code) == ((True, 200) if ready else (False, 503)), state
            assert (named is None and "error" not in found) or named in found["error"]
            if state:
                assert [one["symbol"] for one in found["feeds"][0]["behind"]] == [b["symbol"] for b in state["behind"]]
        lines = client.get("/api/v1/metrics").text.splitlines()
        assert 'tracera_exchange_set_aside{exchange="binance",kind="off_grid"} 2.0' in lines
        assert 'tracera_exchange_connection_streams{connection="1",exchange="binance"} 9.0' in lines
    finally:
        served.stop()


@pytest.mark.parametrize(("age", "up"), [(3, "1.0"), (900, "0.0")])
def test_metrics_are_what_prometheus_reads(
    client: FlaskClient, runtime: Runtime, market: Market, age: float, up: str
) -> None:
    collected(runtime, age)
    reply = client.get("/api/v1/metrics")
    assert reply.content_type.startswith("text/plain")
    lines = reply.text.splitlines()
    assert 'tracera_up{part="database"} 1.0' in lines
    assert f'tracera_up{{part="ingestion"}} {up}' in lines
    told = next(line for line in lines if line.startswith("tracera_ingestion_age_seconds "))
    assert age <= float(told.split()[1]) < age + 30


def test_openapi_describes_the_resources(client: FlaskClient) -> None:
    described = client.get("/openapi.json").get_json()
    assert described["openapi"].startswith("3.")
    paths = described["paths"]
    assert {
        "/api/v1/items", "/api/v1/items/{item_id}", "/api/v1/items/{item_id}/history", "/api/v1/items/{item_id}/volatility",
        "/api/v1/rankings/volatile", "/api/v1/rankings/{metric}", "/api/v1/health", "/api/v1/health/detailed", "/api/v1/metrics",
    } <= set(paths)  # fmt: skip
    operation = paths["/api/v1/items/{item_id}/history"]["get"]
    parameters = {parameter["name"]: parameter for parameter in operation["parameters"]}
    assert set(parameters) == {"item_id", "window", "source", "limit"}
    assert parameters["window"]["schema"]["enum"] == ["1h", "24h", "7d", "30d", "all"]
    assert {"200", "400", "404", "503"} <= set(operation["responses"])


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_what_is_not_there_is_a_json_404(client: FlaskClient, method: str) -> None:
    reply = getattr(client, method)("/api/v1/nothing")
    assert (reply.status_code, set(reply.get_json())) == (404, {"error"})
    assert "/api/v1/nothing" in reply.get_json()["error"]


def test_a_wrong_method_is_a_json_error(client: FlaskClient) -> None:
    reply = client.post("/api/v1/items/1/history")
    assert reply.status_code in {404, 405}
    assert set(reply.get_json()) == {"error"}
