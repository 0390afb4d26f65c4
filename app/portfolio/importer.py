"""Inventory importer of this process, built from the settings."""

from threading import Lock
from typing import Final

from flask import Flask, current_app

from app.portfolio.inventory.run import Importer, ImportOptions
from app.providers.http.options import HttpOptions
from app.providers.sources import DEFAULT_FEES
from app.runtime import Runtime, Services
from app.settings import Settings

EXTENSION: Final = "tracera.importer"
_LOCK: Final = Lock()


def fees_of(settings: Settings) -> dict[str, int]:
    """Sellers' fees by source in basis points."""
    entries = (part.strip().split("=") for part in settings.portfolio_fees.split(",") if part.strip())
    return dict(DEFAULT_FEES) | {source: round(float(percent) * 100) for source, percent in entries}


def build_importer(held: Services) -> Importer:
    """An importer; one a process, since its requests share a rate limit."""
    return Importer(held.database, held.redis, _options(held.settings))


def register_importer(server: Flask, importer: Importer) -> None:
    """Let the requests of an application use the importer that its process has."""
    server.extensions[EXTENSION] = importer


def importer() -> Importer:
    """The importer of the application that handles the request."""
    with _LOCK:
        found: Importer | None = current_app.extensions.get(EXTENSION)
        if found is None:
            runtime: Runtime = current_app.extensions["tracera"]
            found = current_app.extensions[EXTENSION] = build_importer(runtime.services)
        return found


def _options(settings: Settings) -> ImportOptions:
    return ImportOptions(
        steam_url=settings.steam_url,
        page_size=settings.portfolio_page_size,
        requests_per_minute=settings.portfolio_requests_per_minute,
        http=HttpOptions(
            read_timeout=20,
            total_timeout=30,
            max_body=settings.portfolio_max_page_bytes,
            patience=0,
            json_only=False,
        ),
    )
