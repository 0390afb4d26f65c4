"""Providers and job configuration, built from the settings."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

from app.portfolio.importer import fees_of
from app.providers import registry
from app.providers.base import Provider
from app.providers.exchange import Exchange
from app.providers.registry import ProviderSettings, build
from app.settings import PROVIDERS, Settings
from jobs.backups import BackupPlan
from jobs.config import JobConfig
from jobs.exchange.past import FIRST_DAY
from jobs.exchange.selection import FeedOptions

BACKFILL_WEIGHT = 2_400
"""What a backfill may use of an exchange's budget a minute: a running instance has as much left for itself."""


def build_providers(settings: Settings, names: tuple[str, ...] | None = None) -> list[Provider]:
    """One provider of quotes per name, in order; those of TRACERA_PROVIDERS where none is named.

    Raises:
        ValueError: an unknown name or an unusable setting.
    """
    return build(settings.providers if names is None else names, partial(_provider_settings, settings))


def build_feeds(settings: Settings) -> list[tuple[Exchange, FeedOptions]]:
    """The exchanges of TRACERA_PROVIDERS with what is kept of each; simulated ones only where no real one is.

    Raises:
        ValueError: an unknown name or an unusable setting.
    """
    found = registry.build_exchanges(settings.providers, partial(_provider_settings, settings))
    real = [exchange for exchange in found if not exchange.simulated]
    return [(exchange, _feed_options(settings, exchange)) for exchange in real or found]


def build_exchange(settings: Settings, name: str) -> Exchange:
    """One exchange for a backfill, whether TRACERA_PROVIDERS has it or not; it is asked less often than the exchange allows.

    Raises:
        ValueError: no exchange goes by that name, or an unusable setting.
    """

    def quiet(name: str) -> ProviderSettings:
        made = _provider_settings(settings, name)
        return replace(made, extras={**made.extras, "weight_budget": BACKFILL_WEIGHT})

    found = registry.build_exchanges((name,), quiet)
    if not found:
        raise ValueError(f"{name} is no exchange")
    return found[0]


def kept_symbols(settings: Settings, exchange: Exchange) -> frozenset[str]:
    """The pairs that the settings name for an exchange; none: all that trade."""
    listed = str(getattr(settings, f"{exchange.name}_symbols", "*"))
    return frozenset({name.strip().upper() for name in listed.split(",")} - {"", "*"})


def _feed_options(settings: Settings, exchange: Exchange) -> FeedOptions:
    """A simulated exchange's past costs nothing; of a real one, what its pages need is fetched at first."""
    if exchange.simulated:
        return FeedOptions()
    return FeedOptions(
        kept_symbols(settings, exchange),
        minute_days=7,
        hour_days=358,
        first_day=FIRST_DAY,
        on_demand=settings.on_demand_pairs,
        linger=settings.on_demand_seconds,
    )


def _provider_settings(settings: Settings, name: str) -> ProviderSettings:
    return ProviderSettings(
        base_url=getattr(settings, f"{name}_url", None),
        key=getattr(settings, f"{name}_key", None),
        interval=getattr(settings, f"{name}_interval", None),
        timeout=settings.provider_timeout,
        extras={option: getattr(settings, f"{name}_{option}") for option in PROVIDERS[name].options},
    )


def backup_plan(settings: Settings) -> BackupPlan | None:
    """Where and when backups are made; None where none are."""
    if settings.backup_dir is None:
        return None
    every = timedelta(hours=settings.backup_hours)
    return BackupPlan(settings.backup_dir, every, settings.backup_at, settings.backup_keep)


def job_config(settings: Settings, database_url: str) -> JobConfig:
    """The jobs' configuration from the settings."""
    return JobConfig(
        database_url=database_url,
        heartbeat=timedelta(seconds=settings.heartbeat_seconds),
        metrics_seconds=settings.metrics_seconds,
        demo_history_days=settings.demo_history_days,
        portfolio_seconds=settings.portfolio_seconds,
        portfolio_fees=fees_of(settings),
        rates_url=settings.rates_url,
        rates_hours=settings.rates_hours,
        rates_table=settings.rates_table,
        backups=backup_plan(settings),
    )
