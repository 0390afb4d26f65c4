"""Providers and job configuration, built from the settings."""

from datetime import timedelta
from typing import Any

from app.portfolio.importer import fees_of
from app.providers.base import Provider
from app.providers.registry import ProviderSettings, build
from app.settings import Settings
from jobs.config import JobConfig


def build_providers(settings: Settings, names: tuple[str, ...] | None = None) -> list[Provider]:
    """One provider per name, in order; those of TRACERA_PROVIDERS where none is named.

    Raises:
        ValueError: an unknown name or an unusable setting.
    """

    def provider_settings(name: str) -> ProviderSettings:
        return ProviderSettings(
            base_url=getattr(settings, f"{name}_url", None),
            key=getattr(settings, f"{name}_key", None),
            interval=getattr(settings, f"{name}_interval", None),
            timeout=settings.provider_timeout,
            extras=_extras(settings, name),
        )

    return build(settings.providers if names is None else names, provider_settings)


def _extras(settings: Settings, name: str) -> dict[str, Any]:
    """Settings that only this provider has."""
    match name:
        case "steam":
            unpaced = {} if settings.steam_requests_per_minute else {"spacing": 0, "jitter": 0}
            pace = {"requests": settings.steam_requests_per_minute, "period": 60}
            return {"page_size": settings.steam_page_size, **pace, **unpaced}
        case "priceempire":
            return {"sources": settings.priceempire_sources}
        case "csgotrader":
            return {"markets": settings.csgotrader_markets}
        case "demo":
            return {"seed": settings.demo_seed}
        case _:
            return {}


def job_config(settings: Settings, database_url: str) -> JobConfig:
    """The jobs' configuration from the settings."""
    return JobConfig(
        database_url=database_url,
        heartbeat=timedelta(seconds=settings.heartbeat_seconds),
        metrics_seconds=settings.metrics_seconds,
        retention_days=settings.retention_days,
        demo_retention_days=settings.demo_retention_days,
        demo_history_days=settings.demo_history_days,
        portfolio_seconds=settings.portfolio_seconds,
        portfolio_fees=fees_of(settings),
        rates_url=settings.rates_url,
        rates_hours=settings.rates_hours,
        rates_table=settings.rates_table,
    )
