"""History of alerts: events as the bell and the alerts page list them, the newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import dcc, html

from components.alerts.words import explained, happened
from components.ui.format import NO_BREAK, age_text, format_age, time_text
from components.ui.icon import icon
from db.core.pool import Row

SYMBOLS = {"fired": "bell", "recovered": "check", "no_data": "alert", "webhook_off": "alert"}


def event_list(events: Sequence[Row], now: datetime) -> html.Ul:
    """`data-newest` is the newest event's id: what was read once this was seen."""
    newest: dict[str, Any] = {"data-newest": events[0]["id"] if events else None}
    return html.Ul([_event(event, now) for event in events], className="alert-events", **newest)


def is_unread(event: Row) -> bool:
    """Whether the bell counts it."""
    return not event["read"] and not event["muted"] and event["kind"] != "recovered"


def _event(event: Row, now: datetime) -> html.Li:
    facts = event["facts"]
    if event["kind"] == "webhook_off":
        return _webhook_off(event, now)
    href = f"/item/{facts['item_id']}" if facts["item_id"] else f"/portfolio?portfolio={facts['portfolio_id']}"
    lasted = (event["time"] - event["since"]).total_seconds()
    when = [html.Span(age_text(event["time"], now), title=time_text(event["time"]))]
    if event["kind"] == "recovered":
        when.append(html.Span(f" · after {format_age(lasted).replace(' ', NO_BREAK)}"))
    elif lasted >= 1:
        when.append(html.Span(f" · holds since {event['since']:%H:%M} UTC", title=time_text(event["since"])))
    if event["muted"]:
        when.append(html.Span(" · muted"))
    lines = explained(facts) if event["kind"] == "fired" else []
    name: dict[str, Any] = {"data-unread": "true"} if is_unread(event) else {}
    return html.Li(
        [
            icon(SYMBOLS[event["kind"]], size=16),
            html.Div(
                [
                    html.Div(
                        [dcc.Link(facts["name"], href=href), f" {happened(event['kind'], facts)}"],
                        className="alert-title",
                    ),
                    *([html.Div(" ".join(lines), className="alert-words-of")] if lines else []),
                    html.Div(when, className="alert-when"),
                ]
            ),
        ],
        className=f"alert-event alert-event-{event['kind']}",
        **name,
    )


def _webhook_off(event: Row, now: datetime) -> html.Li:
    name: dict[str, Any] = {"data-unread": "true"} if is_unread(event) else {}
    words: list[Any] = [
        dcc.Link("Your webhook", href="/alerts"),
        f" is off: {event['facts']['host']} answered that it is gone (410)",
    ]
    when = html.Span(age_text(event["time"], now), title=time_text(event["time"]))
    lines: list[Any] = [html.Div(words, className="alert-title"), html.Div(when, className="alert-when")]
    parts: list[Any] = [icon("alert", size=16), html.Div(lines)]
    return html.Li(parts, className="alert-event alert-event-no_data", **name)
