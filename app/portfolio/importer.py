"""The process's inventory importer, built from the settings."""

from threading import Lock
from typing import Final

from flask import current_app

from app.portfolio.inventory.run import Importer, ImportOptions
from app.providers.http.options import HttpOptions
from app.runtime import Runtime
from app.settings import Settings
from db.items.sources import DEFAULT_FEES

EXTENSION: Final = "tracera.importer"
_LOCK: Final = Lock()


def fees_of(settings: Settings) -> dict[str, int]:
    """Sellers' fees by source in basis points."""
    told = (part.strip().split("=") for part in settings.portfolio_fees.split(",") if part.strip())
    return dict(DEFAULT_FEES) | {source: round(float(percent) * 100) for source, percent in told}


def importer() -> Importer:
    """The importer of the application that handles the request; one, since its requests share a rate limit."""
    with _LOCK:
        found: Importer | None = current_app.extensions.get(EXTENSION)
        if found is None:
            runtime: Runtime = current_app.extensions["tracera"]
            held = runtime.services  # an import is a job, although a request starts it
            found = Importer(held.database, held.redis, _options(held.settings))
            current_app.extensions[EXTENSION] = found
        return found


def _options(settings: Settings) -> ImportOptions:
    return ImportOptions(
        steam_url=settings.steam_url,
        cooldown=settings.portfolio_import_cooldown,
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
