"""Request context of a page: the database, Redis and the settings."""

from typing import Any

import redis
from flask import current_app

from app.runtime import services
from app.settings import Settings
from db.core.pool import Database
from db.items.sources import is_simulated


def database() -> Database:
    """The database of the application that handles the current request."""
    return services().database


def cache() -> redis.Redis:
    """Redis of the application that handles the current request."""
    return services().redis


def settings() -> Settings:
    """The settings of the application that handles the current request."""
    return services().settings


def simulated() -> bool:
    """Whether this instance collects from a market that is invented."""
    return any(is_simulated(name) for name in settings().providers)


def live_stats() -> dict[str, Any] | None:
    """How the live connections of this process are doing; None under a plain WSGI server, which has none."""
    hub = current_app.extensions.get("tracera.live")
    return None if hub is None else hub.stats()
