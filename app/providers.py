"""The providers that the settings name, told what the settings say."""

from datetime import timedelta

from app.settings import Settings
from jobs.plan import Plan
from jobs.providers.base import Provider
from jobs.providers.registry import ProviderSettings, build


def build_providers(settings: Settings, names: tuple[str, ...] | None = None) -> list[Provider]:
    """One provider per name, in order; those of TRACERA_PROVIDERS where none is named.

    Raises:
        ValueError: an unknown name or an unusable setting.
    """

    def told(name: str) -> ProviderSettings:
        extras = {"requests_per_minute": settings.steam_requests_per_minute} if name == "steam" else {}
        return ProviderSettings(
            base_url=getattr(settings, f"{name}_url", None),
            key=getattr(settings, f"{name}_key", None),
            interval=getattr(settings, f"{name}_interval", None),
            timeout=settings.provider_timeout,
            extras=extras,
        )

    return build(settings.providers if names is None else names, told)


def plan(settings: Settings, database_url: str) -> Plan:
    """What the jobs need of the settings."""
    return Plan(
        database_url=database_url,
        heartbeat=timedelta(seconds=settings.heartbeat_seconds),
        metrics_seconds=settings.metrics_seconds,
        retention_days=settings.retention_days,
        demo_retention_days=settings.demo_retention_days,
        demo_history_days=settings.demo_history_days,
    )
