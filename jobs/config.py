"""Job configuration: intervals and options of the jobs, filled in from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from jobs.backups import BackupPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class JobConfig:
    """Times in seconds unless named otherwise; see docs/settings.md for their meaning."""

    database_url: str
    heartbeat: timedelta
    metrics_seconds: float
    demo_history_days: int
    portfolio_seconds: float = 300
    portfolio_fees: Mapping[str, int] = field(default_factory=dict)
    rates_url: str = ""
    rates_hours: float = 6
    rates_table: Path | None = None
    backups: BackupPlan | None = None
