"""Run view: a backtest that waits, runs, failed or is done, and what can be done with it."""

from collections.abc import Sequence
from typing import Any

from dash import html

from components.research.result_view import result_cards
from components.ui.format import age_text, counted, time_text
from components.ui.page import Children, card, empty_state, error_state
from db.core.pool import Row

UNDER_WAY = ("waiting", "running")
LINK = "research-link"
NEW = "new"
"""The choice that opens none."""


def choices(kept: Sequence[Row], chosen: str) -> list[dict[str, str]]:
    """Backtests to open, a new one first; the one that the address names is there in any case."""
    found = [{"value": str(row["id"]), "label": row["name"]} for row in kept]
    if chosen not in {NEW, *(choice["value"] for choice in found)}:
        found.append({"value": chosen, "label": f"No. {chosen}"})
    return [{"value": NEW, "label": "New backtest"}, *found]


def nothing(kept: int) -> html.Section:
    """No backtest is open."""
    words = "Choose items and a strategy, and see what it would have done, with fees, slippage and trade protection."
    if kept:
        words += f" You keep {counted(kept, 'backtest', 'backtests')}; choose one above."
    return card(empty_state("Try an idea on what was", words, symbol="research"))


def gone() -> html.Section:
    """The backtest that the address names is not there."""
    return card(empty_state("No such backtest", "It was deleted, or is another user's.", symbol="search"))


def unknown_link() -> html.Section:
    """A link that shows nothing."""
    words = "The link does not exist, or whoever shared it ended it."
    return card(empty_state("This link shows nothing", words, symbol="search"))


def run_cards(run: Row) -> list[Children]:
    """A run as it is now."""
    if run["state"] in UNDER_WAY:
        return [_progress(run)]
    if run["result"] is None:
        words = (run["error"] or {}).get("message") or "It was cancelled."
        return [card(error_state("This backtest came to nothing", words), _delete(run))]
    return [_head(run), *result_cards(run["result"])]


def _progress(run: Row) -> html.Section:
    done, total = run["done"], run["total"]
    words = run["message"] or "Waits for its turn."
    named: dict[str, Any] = {"aria-label": f"Progress of {run['name']}", "data-again": "research-clock"}
    bar = html.Progress(
        value=str(done) if total else None, max=str(total) if total else None, className="research-progress", **named
    )
    cancel = _button("Cancel", f"POST /api/v1/tasks/{run['task_id']}/cancel", "Cancelled.")
    note = "It goes on when you leave this page."
    return card(html.P(words, role="status"), bar, html.P(note, className="research-words"), cancel, title=run["name"])


def _head(run: Row) -> html.Div:
    when = html.Span(f"run {age_text(run['finished_at'])}", title=time_text(run["finished_at"]), className="muted")
    share = f"/api/v1/research/runs/{run['id']}/share"
    buttons = [_button("New link" if run["shared"] else "Share", f"POST {share}", None, said=LINK)]
    if run["shared"]:
        buttons.append(_button("End link", f"DELETE {share}", None))
    return html.Div(
        [
            html.H2(run["name"], className="card-title"),
            when,
            html.Div([*buttons, _delete(run)], className="research-buttons"),
        ],
        className="research-head",
    )


def _delete(run: Row) -> html.Button:
    return _button("Delete", f"DELETE /api/v1/research/runs/{run['id']}", None, sure="Delete for good?")


def _button(text: str, send: str, done: str | None, *, said: str | None = None, sure: str | None = None) -> html.Button:
    """A button that calls a route; assets/account/actions.js."""
    attributes = {
        "data-account-send": send,
        **{
            f"data-account-{name}": value
            for name, value in (("done", done), ("said", said), ("sure", sure))
            if value is not None
        },
    }
    more: dict[str, Any] = attributes
    return html.Button(text, type="button", className="button", **more)
