"""Following line: on the page of a pair that has just been opened, how its prices and its history come in."""

from datetime import UTC, datetime
from typing import Any

import redis
from dash import Dash, Input, Output, State, dcc, html, no_update

from app.candles.demand import Progress, progress_of
from components.candles.view import STALE_AFTER
from components.item.price_chart import RELOAD
from components.ui import context
from components.ui.inputs import ItemId, Times
from components.ui.page import Children
from db.candles import symbols
from db.core.pool import DatabaseDownError

LINE, CLOCK, PAGE_CLOCK = "pair-following", "pair-following-clock", "item-clock"
EVERY_MS = 1_000
PATIENCE = 20
"""Seconds without a price after which one is no longer promised."""
REFRESH_EVERY = 3
"""Seconds between two looks of the whole page, while history comes in."""


def following_line(item_id: int) -> list[Any]:
    """The line, for a pair whose prices do not come in yet; nothing for one that is followed already."""
    try:
        if _is_fresh(item_id) and progress_of(context.cache(), item_id) is None:
            return []
    except (DatabaseDownError, redis.RedisError):
        return []  # the page itself says so
    line = html.Div(_words("Asking the exchange for this pair."), id=LINE, className="pair-following", role="status")
    return [line, dcc.Interval(id=CLOCK, interval=EVERY_MS)]


def register(app: Dash) -> None:
    """Look every second until prices come in and the history is there."""
    app.callback(
        Output(LINE, "children"),
        Output(CLOCK, "disabled"),
        Output(PAGE_CLOCK, "n_intervals"),
        Output(RELOAD, "data"),
        Input(CLOCK, "n_intervals"),
        State("item-id", "data"),
        prevent_initial_call=True,
    )(update_line)


def update_line(seconds: Times, item_id: ItemId) -> tuple[Any, ...]:
    """What the line says, whether that was the last look, and what makes the page and its chart look again."""
    seconds = seconds or 0
    try:
        progress, fresh = progress_of(context.cache(), item_id), _is_fresh(item_id)
    except (DatabaseDownError, redis.RedisError):
        return (no_update,) * 4
    again = (seconds, seconds) if seconds % REFRESH_EVERY == 0 else (no_update, no_update)
    if progress is not None:
        return _progress(progress), False, *again
    if fresh:
        return None, True, seconds, seconds
    if seconds < PATIENCE:
        return no_update, False, *again
    nothing = "No prices come in: the exchange does not trade this pair now, or nobody follows the exchange."
    return _words(nothing), True, seconds, seconds


def _progress(progress: Progress) -> Children:
    if progress.waits:
        return _words(f"Not live: {progress.waits}.")
    label: dict[str, Any] = {"aria-label": "History of this pair"}
    share = f"{100 * progress.done // progress.total} %"
    bar = html.Progress(value=str(progress.done), max=str(progress.total), **label)
    return html.Span(["Fetching its history", bar, html.Span(share, className="muted")])


def _words(text: str) -> html.Span:
    return html.Span(text, className="muted")


def _is_fresh(item_id: int) -> bool:
    ticker = symbols.ticker(context.database(), item_id)
    return ticker is not None and (datetime.now(UTC) - ticker["time"]).total_seconds() < STALE_AFTER
