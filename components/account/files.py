"""Files to take away: a form that puts an export in, and the files that are kept."""

from typing import Any

import dash_mantine_components as dmc
from dash import html

from app.research.exports.task import KEPT
from components.account.data import AccountData
from components.ui.format import age_text, time_text
from components.ui.icon import icon
from components.ui.page import card
from db.core.pool import Row
from db.tasks.overview import KEEP_DONE

TABLES = [("history", "Prices"), ("bars", "Bars: open, high, low, close"), ("measures", "Measures")]
ITEMS = [("all", "Every item"), ("watchlist", "My watchlist")]
WINDOWS = [("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days"), ("all", "All time")]
FORMATS = [("parquet", "Parquet"), ("csv", "CSV"), ("npz", "NumPy")]
MEGABYTE = 1_000_000


def files_card(data: AccountData) -> html.Section:
    """The card."""
    send: dict[str, Any] = {"data-account-send": "POST /api/v1/exports"}
    form = html.Form(
        [
            html.Div(
                [
                    _select("table", "What", TABLES, "history"),
                    _select("items", "Of", ITEMS, "all"),
                    _select("window", "Since", WINDOWS, "30d"),
                    _select("format", "As", FORMATS, "parquet"),
                ],
                className="account-choices",
            ),
            html.Button("Make the file", type="submit", className="account-button account-primary"),
        ],
        className="account-files",
        **send,
    )
    note = html.P(
        f"It is made in the background; the newest {KEPT} are kept for {KEEP_DONE}.",
        className="account-note",
    )
    kept = html.Ul([_file(row) for row in data.files], className="account-list") if data.files else None
    return card(*[part for part in (note, form, kept) if part is not None], title="Files of items")


def _select(name: str, label: str, choices: list[tuple[str, str]], value: str) -> dmc.Select:
    return dmc.Select(
        name=name,
        label=label,
        data=[{"value": key, "label": text} for key, text in choices],
        value=value,
        allowDeselect=False,
        size="sm",
    )


def _file(row: Row) -> html.Li:
    path = f"/api/v1/tasks/{row['task_id']}/file"
    size = f"{row['size'] / MEGABYTE:.1f} MB" if row["size"] >= MEGABYTE else f"{row['size'] / 1000:.0f} kB"
    made = html.Span(age_text(row["created_at"]), title=time_text(row["created_at"]))
    named: dict[str, Any] = {"aria-label": f"Download {row['name']}"}
    return html.Li(
        [
            icon("download", size=18),
            html.Div(
                [
                    html.Div(row["name"], className="account-title"),
                    html.Div([f"{size} · ", made], className="muted account-small"),
                ],
                className="account-words",
            ),
            html.Div(html.A("Download", href=path, className="account-button", **named), className="account-end"),
        ],
        className="account-row",
    )
