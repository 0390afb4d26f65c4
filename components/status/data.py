"""Status data: everything the status page shows, read once, and the problems found in it."""

import platform
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import redis

from app import __version__
from app.accounts.owner import is_instance_owner
from app.candles import feeds
from components.account.data import current_caller, session_user
from components.market.tiles import provider_health
from components.ui import context
from components.ui.format import age_text, format_age
from db.candles import repairs
from db.core import migrate
from db.core.pool import DatabaseDownError, Row
from db.operations import backups, jobs, outages, polling, providers, status
from db.operations.backups import Backups
from db.operations.status import Worker
from db.tasks import overview

SHOWN_REPAIRS = 8
SHOWN_OUTAGES = 8
SHOWN_FAILED = 10
WORKER_TIMEOUT = 10
"""Seconds without a heartbeat after which a worker counts as gone; one comes every two."""


@dataclass(slots=True)
class StatusData:
    """None where a part does not answer."""

    now: datetime
    database: Row | None = None
    database_error: str | None = None
    redis: Row | None = None
    redis_error: str | None = None
    providers: list[Row] = field(default_factory=list)
    rates: dict[str, Row] = field(default_factory=dict)
    jobs: list[Row] = field(default_factory=list)
    tasks: list[Row] = field(default_factory=list)
    failed_tasks: list[Row] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    quotes_per_minute: float | None = None
    workers: list[Worker] = field(default_factory=list)
    live: dict[str, Any] | None = None
    pool: dict[str, int] = field(default_factory=dict)
    feeds: list[dict[str, Any]] = field(default_factory=list)
    repairs: list[Row] = field(default_factory=list)
    outages: list[Row] = field(default_factory=list)
    plans: list[Row] = field(default_factory=list)
    owner: bool = False
    backups: Backups | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, since when or why, and what works all the same."""

    what: str
    detail: str
    works: str


def read_status() -> StatusData:
    """Ask everything; a part that is down costs only its own figures."""
    data = StatusData(now=datetime.now(UTC), live=context.live_stats(), pool=context.database().stats())
    try:
        _read_database(data)
    except DatabaseDownError as error:
        data.database_error = str(error)
    try:
        data.redis = status.redis_data(context.cache())
        data.workers = status.workers(context.cache())
        data.feeds = feeds.states(context.cache())
    except redis.RedisError as error:
        data.redis_error = str(error)
    return data


def _read_database(data: StatusData) -> None:
    database = context.database()
    data.database = status.database_data(database)
    data.providers = providers.states(database)
    data.rates = status.provider_rates(database)
    data.jobs = jobs.states(database)
    data.owner = is_instance_owner(database, session_user(current_caller()))
    data.backups = backups.read(database) if data.owner else None
    data.tasks = overview.queues(database)
    data.failed_tasks = overview.dead_letters(database, SHOWN_FAILED) if data.tasks else []
    data.missing = migrate.missing(database)
    data.repairs = repairs.newest(database, SHOWN_REPAIRS)
    data.outages = outages.newest(database, SHOWN_OUTAGES)
    data.plans = polling.plans(database)
    data.quotes_per_minute = providers.quotes_per_minute(database)


def versions() -> list[tuple[str, str]]:
    """Of what this instance is made."""
    named = (("Dash", "dash"), ("Flask", "flask"), ("NumPy", "numpy"))
    return [
        ("Tracera", __version__),
        ("Python", platform.python_version()),
        *[(name, version(package)) for name, package in named],
        ("System", f"{platform.system()} {platform.release()} ({sys.platform})"),
    ]


def problems(data: StatusData) -> list[Problem]:
    """Everything that needs attention, the worst first."""
    found = [*_stores(data)]
    for row in data.providers:
        health, words = provider_health(row, data.now)
        if health == "failing":
            detail = f"{row['error']} Since {age_text(row['error_since'], data.now)}, {words}."
            found.append(
                Problem(
                    f"{row['name']} is failing",
                    detail,
                    f"Next attempt {age_text(row['next_attempt'], data.now)}. Other sources go on.",
                )
            )
        elif health == "late":
            found.append(
                Problem(f"{row['name']} is late", f"Last heard of {words}.", "Its older prices stay, marked as stale.")
            )
    for row in data.jobs:
        if row["error"]:
            detail = f"{row['error']} Since {age_text(row['error_since'], data.now)}."
            found.append(Problem(f"The job {row['name']} fails", detail, "Prices are collected all the same."))
    if data.redis and not _alive(data):
        found.append(
            Problem(
                "No worker is alive",
                "No heartbeat arrives, so nothing is collected.",
                "What was collected can be read.",
            )
        )
    elif data.redis and not any(worker.may_collect for worker in _alive(data)):
        found.append(
            Problem(
                "Nothing is collected",
                "No process runs the jobs. One without TRACERA_SCHEDULER=false does, or takes over soon.",
                "What was collected can be read, and tasks run.",
            )
        )
    return found


def _stores(data: StatusData) -> list[Problem]:
    found = []
    if data.database_error:
        found.append(
            Problem(
                "The database does not answer",
                _first_line(data.database_error),
                "Pages open and prices that are on the screen keep moving; nothing can be looked up or collected until it is back.",
            )
        )
    if data.missing:
        found.append(Problem("The database lacks migrations", ", ".join(data.missing), "Run `tracera db upgrade`."))
    if data.redis_error:
        found.append(
            Problem(
                "Redis does not answer",
                _first_line(data.redis_error),
                "Prices are collected and pages work from the database; nothing moves by itself until it is back.",
            )
        )
    if data.live and data.live["redis"] != "connected" and not data.redis_error:
        found.append(
            Problem(
                "The live feed is not connected", f"State: {data.live['redis']}.", "Reload a page to see newer prices."
            )
        )
    return found


def _alive(data: StatusData) -> list[Worker]:
    return [worker for worker in data.workers if data.now.timestamp() - worker.heartbeat < WORKER_TIMEOUT]


def heartbeat_text(data: StatusData, heartbeat: float) -> tuple[str, str]:
    """A worker's state (`ok`, `late`) and the age of its heartbeat."""
    age = max(0.0, data.now.timestamp() - heartbeat)
    return ("ok" if age < WORKER_TIMEOUT else "late"), f"{format_age(age)} ago"


def _first_line(text: str) -> str:
    return text.splitlines()[0][:200]
