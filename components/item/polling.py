"""Poll lines: when each provider reads an item next, how often, and why; they stand below its sources."""

from collections.abc import Sequence
from datetime import datetime

from dash import html

from app.items.polling import Poll
from components.ui.format import format_age


def poll_lines(polls: Sequence[Poll], now: datetime) -> html.Ul | None:
    """A line a provider; None without any."""
    return html.Ul([html.Li(_line(poll, now)) for poll in polls], className="item-polls") if polls else None


def _line(poll: Poll, now: datetime) -> list[html.Strong | str]:
    every = "how often is not known yet" if poll.every is None else f"every {format_age(poll.every)}"
    parts = [every]
    if poll.next is not None:
        left = (poll.next - now).total_seconds()
        parts.append(f"next in {format_age(left)}" if left >= 1 else "next now")
    why = " and ".join(poll.why)
    return [html.Strong(poll.provider), f" is asked {', '.join(parts)}{f': {why}' if why else ''}."]
