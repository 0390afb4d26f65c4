"""Tasks of a process: what it can run, and the worker that does."""

import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from app.accounts import account_export, alert_mail, sign_in_mail
from app.alerts.sending import Sender
from app.portfolio.files import file_import
from app.portfolio.importer import build_importer, fees_of
from app.portfolio.inventory.run import Importer
from app.research import runs as research
from app.research.exports import task as export
from app.runtime import Runtime, Services
from app.server import backfills
from app.server.providers import backup_plan
from app.settings import Settings
from app.tasks.kinds import (
    ACCOUNT_EXPORT,
    ALERT_MAIL,
    BACKTEST,
    BACKUP,
    CANDLE_BACKFILL,
    EXPORT,
    FILE_IMPORT,
    INVENTORY,
    PRICE_BACKFILL,
    RETENTION,
    SIGN_IN_MAIL,
    WEBHOOK,
)
from app.tasks.task import Handler, Task
from app.tasks.worker import TaskWorker, WorkerOptions
from app.web import alert_words
from db.operations import backups as known_backups
from db.portfolio import snapshots
from db.tasks import overview
from jobs import backups, retention


def process_name() -> str:
    """This process in worker:all."""
    return f"{socket.gethostname()}:{os.getpid()}"


def build_worker(runtime: Runtime, concurrency: int, importer: Importer | None = None) -> TaskWorker:
    """The worker of this process; `importer` is the one that its requests use, if it answers any."""
    held = runtime.services
    options = WorkerOptions(runtime.database_url, process_name(), concurrency)
    return TaskWorker(held.database, held.redis, handlers(runtime, importer or build_importer(held)), options)


def handlers(runtime: Runtime, importer: Importer) -> Mapping[str, Handler]:
    """What runs each kind of task; backups are for processes that know where to."""
    held = runtime.services
    plan = backup_plan(held.settings)
    return {
        **({BACKUP.name: partial(backups.run, runtime.database_url, plan)} if plan else {}),
        INVENTORY.name: importer.run,
        SIGN_IN_MAIL.name: partial(sign_in_mail.send, held.settings, held.redis),
        ALERT_MAIL.name: partial(alert_mail.send, held.settings, alert_words),
        WEBHOOK.name: sender_of(held.settings).run,
        BACKTEST.name: partial(research.run, fees_of(held.settings)),
        EXPORT.name: export.run,
        ACCOUNT_EXPORT.name: account_export.run,
        FILE_IMPORT.name: file_import.run,
        PRICE_BACKFILL.name: partial(backfills.load_prices, held),
        CANDLE_BACKFILL.name: partial(backfills.load_candles, held),
        RETENTION.name: partial(_retention, held),
    }


def sender_of(settings: Settings) -> Sender:
    """What sends alerts to webhooks."""
    return Sender(settings.webhook_hosts, alert_words.sentence, settings.base_url)


def _retention(held: Services, task: Task) -> None:
    """Delete what is too old: quotes, snapshots, tasks."""
    settings = held.settings
    retention.run(held.database, raw_days=settings.retention_days, demo_days=settings.demo_retention_days)
    task.check()
    snapshots.thin(held.database, datetime.now(UTC))
    overview.forget_old(held.database)
    known_backups.forget_old(held.database)
