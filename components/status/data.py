"""What is known of this instance at one moment, and what is wrong with it in plain words."""

import platform
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import redis

from app import __version__
from components.market.tiles import provider_health
from components.ui import context
from components.ui.format import age_text
from components.ui.live import format_age
from db.core import migrate
from db.core.pool import DatabaseDownError, Row
from db.operations import jobs, providers, status

SILENT = 10
"""Seconds without a heartbeat after which a worker counts as gone; it beats every two."""


@dataclass(slots=True)
class Facts:
    """None where a part does not answer."""

    now: datetime
    database: Row | None = None
    database_error: str | None = None
    redis: Row | None = None
    redis_error: str | None = None
    providers: list[Row] = field(default_factory=list)
    rates: dict[str, Row] = field(default_factory=dict)
    jobs: list[Row] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    quotes_per_minute: float | None = None
    workers: list[tuple[str, float]] = field(default_factory=list)
    live: dict[str, Any] | None = None
    pool: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, since when or why, and what works all the same."""

    what: str
    detail: str
    works: str


def gather() -> Facts:
    """Ask everything; a part that is down costs only its own figures."""
    facts = Facts(now=datetime.now(UTC), live=context.live_stats(), pool=context.database().stats())
    try:
        _ask_database(facts)
    except DatabaseDownError as error:
        facts.database_error = str(error)
    try:
        facts.redis = status.redis_facts(context.cache())
        facts.workers = status.workers(context.cache())
    except redis.RedisError as error:
        facts.redis_error = str(error)
    return facts


def _ask_database(facts: Facts) -> None:
    database = context.database()
    facts.database = status.database_facts(database)
    facts.providers = providers.states(database)
    facts.rates = status.provider_rates(database)
    facts.jobs = jobs.states(database)
    facts.missing = migrate.missing(database)
    facts.quotes_per_minute = providers.quotes_per_minute(database)


def versions() -> list[tuple[str, str]]:
    """Of what this instance is made."""
    named = (("Dash", "dash"), ("Flask", "flask"), ("NumPy", "numpy"))
    return [
        ("Tracera", __version__),
        ("Python", platform.python_version()),
        *[(name, version(package)) for name, package in named],
        ("System", f"{platform.system()} {platform.release()} ({sys.platform})"),
    ]


def problems(facts: Facts) -> list[Problem]:
    """Everything that a person should know of, the worst first."""
    found = [*_stores(facts)]
    for row in facts.providers:
        health, words = provider_health(row, facts.now)
        if health == "failing":
            detail = f"{row['error']} Since {age_text(row['error_since'], facts.now)}, {words}."
            found.append(
                Problem(
                    f"{row['name']} is failing",
                    detail,
                    f"Next attempt {age_text(row['next_attempt'], facts.now)}. Other sources go on.",
                )
            )
        elif health == "late":
            found.append(
                Problem(f"{row['name']} is late", f"Last heard of {words}.", "Its older prices stay, marked as stale.")
            )
    for row in facts.jobs:
        if row["error"]:
            detail = f"{row['error']} Since {age_text(row['error_since'], facts.now)}."
            found.append(Problem(f"The job {row['name']} fails", detail, "Prices are collected all the same."))
    if facts.redis and not _alive(facts):
        found.append(
            Problem(
                "No worker is alive",
                "Nobody sends heartbeats, so nothing is collected.",
                "What was collected can be read.",
            )
        )
    return found


def _stores(facts: Facts) -> list[Problem]:
    found = []
    if facts.database_error:
        found.append(
            Problem(
                "The database does not answer",
                _first_line(facts.database_error),
                "Pages open and prices that are on the screen keep moving; nothing can be looked up or collected until it is back.",
            )
        )
    if facts.missing:
        found.append(Problem("The database lacks migrations", ", ".join(facts.missing), "Run `tracera db upgrade`."))
    if facts.redis_error:
        found.append(
            Problem(
                "Redis does not answer",
                _first_line(facts.redis_error),
                "Prices are collected and pages work from the database; nothing moves by itself until it is back.",
            )
        )
    if facts.live and facts.live["redis"] != "connected" and not facts.redis_error:
        found.append(
            Problem(
                "The live feed is not connected", f"State: {facts.live['redis']}.", "Reload a page to see newer prices."
            )
        )
    return found


def _alive(facts: Facts) -> list[str]:
    return [worker for worker, beat in facts.workers if facts.now.timestamp() - beat < SILENT]


def beat_text(facts: Facts, beat: float) -> tuple[str, str]:
    """A worker's state (`ok`, `late`) and the age of its heartbeat."""
    age = max(0.0, facts.now.timestamp() - beat)
    return ("ok" if age < SILENT else "late"), f"{format_age(age)} ago"


def _first_line(text: str) -> str:
    return text.splitlines()[0][:200]
