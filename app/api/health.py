"""Health: liveness, readiness, version and statistics; each part is asked directly."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Any, Final

import redis
from flask import Response, current_app, jsonify
from flask_openapi3 import OpenAPI
from prometheus_client import CollectorRegistry, Gauge

from app import __version__
from app.api import backup_health, exchange_health, task_health
from app.live.lag import LAG
from app.runtime import Services, services
from app.schemas import Row
from app.telemetry import durations
from db.core import migrate
from db.core.pool import DatabaseDownError
from db.operations import providers as provider_state
from db.quotes import latest

Check = dict[str, Any]
MARGIN: Final = 0.3
"""Seconds to wait beyond the request timeout, for answers that come at its end."""


def checks(held: Services) -> dict[str, Check]:
    """Each part: `ok`, and `error` with what is wrong. The database and Redis are asked side by side."""
    # A part that is silent although its time is over, a name server for one, is not waited for.
    timeout = held.settings.request_timeout + MARGIN
    threads = ThreadPoolExecutor(2, thread_name_prefix="health")
    database = threads.submit(_database, held)
    cache = threads.submit(_redis, held)
    threads.shutdown(wait=False)
    wait((database, cache), timeout)
    unanswered: Check = {"ok": False, "error": f"no answer within {timeout:g} s"}
    stored = (
        database.result() if database.done() else dict.fromkeys(("database", "migrations", "ingestion"), unanswered)
    )
    cached = cache.result() if cache.done() else {"redis": unanswered, "exchanges": {"ok": True, "feeds": None}}
    return {"database": stored["database"], "redis": cached["redis"], **stored, "exchanges": cached["exchanges"]}


def _redis(held: Services) -> dict[str, Check]:
    """Checks of Redis and of the feeds, whose states are kept there."""
    return {"redis": _checked(lambda: _reachable(held.redis.ping)), "exchanges": exchange_health.check(held)}


def _database(held: Services) -> dict[str, Check]:
    """Checks of the database, its migrations and ingestion; the others are skipped where it is down, to wait only once."""
    database = _checked(lambda: _reachable(lambda: held.database.row("SELECT 1 AS one")))
    if not database["ok"]:
        return {"database": database, "migrations": database, "ingestion": database}
    migrations, ingestion = _checked(lambda: _migrations(held)), _checked(lambda: _ingestion(held))
    return {"database": database, "migrations": migrations, "ingestion": ingestion}


def _reachable(check: Callable[[], object]) -> Check:
    check()
    return {"ok": True}


def _checked(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except (DatabaseDownError, redis.RedisError) as error:
        return {"ok": False, "error": str(error)}


def _migrations(held: Services) -> Check:
    missing = migrate.missing(held.database)
    return {"ok": not missing, **({"error": f"not applied: {', '.join(missing)}"} if missing else {})}


def _ingestion(held: Services) -> Check:
    """The age of the last cycle that went well, of any provider of item prices; there need not be one beside exchanges."""
    if not exchange_health.collects_items(held):
        return {"ok": True, "age_seconds": None}
    newest = latest.newest(held.database)
    if newest is None:
        return {"ok": False, "error": "nothing was collected yet", "age_seconds": None}
    age = (datetime.now(UTC) - newest).total_seconds()
    slowest = max((row["interval_s"] for row in provider_state.states(held.database)), default=0.0)
    limit = max(float(held.settings.stale_seconds), 3 * slowest)
    fresh = age <= limit
    return {
        "ok": fresh,
        "age_seconds": round(age, 1),
        **({} if fresh else {"error": f"the last good cycle was {age:.0f} s ago"}),
    }


def registry(held: Services) -> CollectorRegistry:
    """Gauges as of now and the process's histograms, in a registry of their own."""
    found = CollectorRegistry()
    for histogram in (durations.REQUESTS, durations.JOBS, LAG):
        found.register(histogram)
    up = Gauge("tracera_up", "1 where a part answers", ["part"], registry=found)
    parts = checks(held)
    for part, check in parts.items():
        up.labels(part).set(1 if check["ok"] else 0)
    age = parts["ingestion"].get("age_seconds")
    if age is not None:
        Gauge("tracera_ingestion_age_seconds", "Age of the last good cycle", registry=found).set(age)
    for name, value in held.database.stats().items():
        if name in {"pool_size", "pool_available", "requests_waiting"}:
            Gauge(f"tracera_database_{name}", "Connections to PostgreSQL", registry=found).set(value)
    hub = current_app.extensions.get("tracera.live")
    for name, value in (hub.stats() if hub else {}).items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            Gauge(f"tracera_live_{name}", "The live path", registry=found).set(value)
    backup_health.add_metrics(found, held)
    task_health.add_metrics(found, held)
    exchange_health.add_metrics(found, exchange_health.states(held) or [])
    return found


def register_health(server: OpenAPI) -> None:
    """Add the operations routes at the root."""

    @server.get("/healthz", responses={200: Row})
    def healthz() -> Response:
        """Alive: the process answers."""
        return jsonify({"status": "ok"})

    @server.get("/readyz", responses={200: Row, 503: Row})
    def readyz() -> tuple[Response, int]:
        """Warm and able to serve."""
        found = checks(services())
        ready = all(part["ok"] for part in found.values())
        return jsonify({"status": "ready" if ready else "not ready", "checks": found}), 200 if ready else 503

    @server.get("/version", responses={200: Row})
    def version() -> Response:
        """Which Tracera this is."""
        return jsonify({"version": __version__})

    @server.get("/stats", responses={200: Row})
    def stats() -> Response:
        """Figures of this process."""
        hub = current_app.extensions.get("tracera.live")
        live = hub.stats() if hub else None
        held = services()
        figures = {"version": __version__, "live": live, "database": held.database.stats()}
        times = {"requests": durations.summary(durations.REQUESTS), "jobs": durations.summary(durations.JOBS)}
        return jsonify(figures | times | {"exchanges": exchange_health.states(held)})
