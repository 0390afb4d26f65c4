"""Backup card: the newest good backup that a clock made and why the newest failed, for who owns the instance alone."""

from datetime import timedelta

from dash import html

from components.status.data import Problem, StatusData
from components.status.table import moment_text
from components.ui import context
from components.ui.figures import unknown
from components.ui.format import age_text, bytes_text
from components.ui.page import card, definition_list, empty_state
from db.operations.backups import Backups


def backup_cards(data: StatusData) -> list[html.Section]:
    """A card for the owner; nobody else learns where files are."""
    if not data.owner or data.backups is None:
        return []
    settings = context.settings()
    if settings.backup_dir is None:
        words = "Set TRACERA_BACKUP_DIR to have them made by a clock, or run `tracera db backup`."
        return [card(empty_state("No backups are made", words), title="Backups")]
    good, newest = data.backups.good, data.backups.newest
    rows = [
        ("Newest", moment_text(good["begun_at"] if good else None, data.now, "none went well yet")),
        ("Size", bytes_text(good["bytes"]) if good else unknown("none went well yet")),
        ("Took", f"{good['seconds']:.1f} s" if good else unknown("none went well yet")),
        ("File", html.Span(f"{good['host']}:{good['path']}", className="status-path") if good else unknown("none went well yet")),
    ]  # fmt: skip
    if newest and newest["error"]:
        rows.append(("Failed", html.Span(f"{age_text(newest['begun_at'], data.now)}: {newest['error']}")))
    return [card(definition_list(rows), title="Backups", info="what a clock writes")]


def backup_problems(data: StatusData) -> list[Problem]:
    """The newest failed, or two are missing; for the owner."""
    settings = context.settings()
    if not data.owner or data.backups is None or settings.backup_dir is None:
        return []
    works = f"The newest good one is from {_when(data.backups, data)}." if data.backups.good else "None went well yet."
    if error := data.backups.error:
        return [Problem("The newest backup failed", error, works)]
    if data.backups.overdue(data.now, timedelta(hours=settings.backup_hours)):
        detail = "A process that runs tasks must have TRACERA_BACKUP_DIR set."
        return [Problem("No backup was made for a while", detail, works)]
    return []


def _when(found: Backups, data: StatusData) -> str:
    return age_text(found.good["begun_at"], data.now) if found.good else ""
