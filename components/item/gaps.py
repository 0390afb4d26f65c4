"""Gap list: the gaps of an item's chart below it, each with what is known of its cause."""

from collections.abc import Sequence
from datetime import UTC, datetime

from dash import html

from app.items.gaps import cause_text
from components.ui.format import counted, date_text, format_age
from db.quotes.gaps import Gap


def gap_list(found: Sequence[Gap], source: str, now: datetime) -> html.Details | None:
    """A line that says how many there are, and opens to all of them, the newest first; None where there is none."""
    if not found:
        return None
    lines = [_line(gap, source, now) for gap in reversed(found)]
    return html.Details(
        [html.Summary(f"{counted(len(found), 'gap', 'gaps')} in this chart"), html.Ul(lines)], className="chart-table"
    )


def _line(gap: Gap, source: str, now: datetime) -> html.Li:
    end = now.timestamp() if gap.until is None else gap.until
    until = "now" if gap.until is None else _moment(gap.until)
    cause = html.Span(f" · {cause_text(gap.cause, source)}", className="muted", title=gap.detail)
    return html.Li([f"{_moment(gap.since)} to {until} UTC, {format_age(end - gap.since)}", cause])


def _moment(seconds: int) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{date_text(moment)}, {moment:%H:%M}"
