"""Request context: the database, Redis and settings of the current request."""

from typing import Any

import redis
from flask import current_app

from app.providers.markets import CS2, Market, collected
from app.providers.sources import is_simulated
from app.runtime import services
from app.settings import Settings
from db.core.pool import Database


def database() -> Database:
    """The database of the application that handles the current request."""
    return services().database


def cache() -> redis.Redis:
    """Redis of the application that handles the current request."""
    return services().redis


def settings() -> Settings:
    """The settings of the application that handles the current request."""
    return services().settings


def markets() -> tuple[Market, ...]:
    """The markets that this instance collects, at least one."""
    return collected(settings()) or (CS2,)


def has_items() -> bool:
    """Whether items are collected, and not pairs of exchanges alone."""
    return any(market.quotes == "listing" for market in markets())


def simulated() -> bool:
    """Whether this instance collects from a market that is invented."""
    return any(is_simulated(name) for name in settings().providers)


def live_max_items() -> int | None:
    """How many items a page may subscribe to; None under a plain WSGI server."""
    hub = current_app.extensions.get("tracera.live")
    return None if hub is None else hub.settings.max_items


def live_stats() -> dict[str, Any] | None:
    """How the live connections of this process are doing; None under a plain WSGI server, which has none."""
    hub = current_app.extensions.get("tracera.live")
    return None if hub is None else hub.stats()
