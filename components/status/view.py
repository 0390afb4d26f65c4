"""Status view: cards of providers, jobs, ingestion, live feed, database, Redis and workers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import html

from app.telemetry.durations import PERCENTILES
from components.market.tiles import provider_health
from components.status.backups import backup_cards
from components.status.data import Problem, StatusData, heartbeat_text, versions
from components.status.exchanges import exchange_cards
from components.status.outages import outage_cards
from components.status.polling import polling_cards
from components.status.table import moment_text, none, not_known, table
from components.status.tasks import task_card
from components.ui import context
from components.ui.figures import unknown
from components.ui.format import age_text, bytes_text, format_age, number, time_text
from components.ui.icon import icon
from components.ui.page import Children, card, definition_list, empty_state

LAG_STEPS = {
    "received": "Quoted → received",
    "stored": "Received → stored",
    "published": "Stored → published",
    "sent": "Published → sent",
}
WORDS = {"ok": "works", "late": "late", "failing": "failing", "new": "not heard of yet"}


def verdict(found: Sequence[Problem]) -> html.Div:
    """Whether all is well; if not, what is wrong and what still works."""
    if not found:
        return html.Div([icon("check", size=20), html.Strong("Everything works.")], className="verdict verdict-ok")
    items = [
        html.Li([html.Strong(problem.what), html.Span(problem.detail), html.Span(problem.works, className="muted")])
        for problem in found
    ]
    return html.Div([icon("alert", size=20), html.Ul(items)], className="verdict verdict-bad")


def status_cards(data: StatusData) -> html.Div:
    """All cards."""
    return html.Div(
        [
            *(
                [card(_providers(data), title="Providers", info="where prices come from")]
                if context.has_items()
                else []
            ),
            *exchange_cards(data),
            *polling_cards(data),
            *outage_cards(data),
            card(_jobs(data), title="Jobs", info="what a clock starts"),
            task_card(data),
            *backup_cards(data),
            html.Div(
                [
                    card(_ingestion(data), title="Ingestion"),
                    card(_live(data), title="Live connections"),
                    card(_database(data), title="Database"),
                    card(_redis(data), title="Redis"),
                ],
                className="status-cards",
            ),
            html.P([html.Span(f"{name} {number}") for name, number in versions()], className="status-versions"),
        ],
        className="page",
    )


def _providers(data: StatusData) -> Children:
    if data.database is None:
        return not_known()
    if not data.providers:
        return empty_state("No provider yet", "The first one appears when its first cycle begins.")
    heads = ("Provider", "State", "Last success", "Next attempt", "Quotes a minute", "Cycle took", "Refused", "Error")
    return table("Providers", heads, [_provider(row, data) for row in data.providers])


def _provider(row: dict[str, Any], data: StatusData) -> list[Children]:
    health, _ = provider_health(row, data.now)
    rate = data.rates.get(row["name"])
    name: list[Children] = [row["name"]]
    if row["simulated"]:
        name.append(html.Span("simulated", className="tag"))
    error: Children = none()
    if row["error"]:
        failures = f"{row['failures']} in a row, since " if row["failures"] > 1 else "since "
        error = html.Span(
            [row["error"], html.Span(f" {failures}{age_text(row['error_since'], data.now)}", className="muted")]
        )
    quiet = "no cycle in the last five minutes"
    return [
        html.Span(name, className="status-name"),
        _state(health),
        moment_text(row["last_success"], data.now),
        moment_text(row["next_attempt"], data.now),
        unknown(quiet) if rate is None else number(float(rate["fetched"])),
        _seconds(row["last_seconds"]),
        unknown(quiet) if rate is None else number(float(rate["rejected"])),
        error,
    ]


def _jobs(data: StatusData) -> Children:
    if data.database is None:
        return not_known()
    if not data.jobs:
        return empty_state("No job ran yet", "The first ones start within seconds of the program.")
    rows: list[list[Children]] = [
        [
            html.Span(row["name"], className="status-name"),
            _state("failing" if row["error"] else "ok"),
            moment_text(row["last_finished"], data.now),
            moment_text(row["next_run"], data.now, "it runs once, at the start"),
            _seconds(row["last_seconds"]),
            html.Span(row["error"]) if row["error"] else none(),
        ]
        for row in data.jobs
    ]
    return table("Jobs", ("Job", "State", "Last finished", "Next run", "Took", "Error"), rows)


def _ingestion(data: StatusData) -> Children:
    database = data.database
    if database is None:
        return not_known()
    if not context.has_items():
        return definition_list([("Pairs", number(database["items"])), ("Workers", _workers(data))])
    return definition_list(
        [
            ("Newest quote", moment_text(database["newest_quote"], data.now)),
            ("Quotes a minute", number(data.quotes_per_minute, 0)),
            ("Items", number(database["items"])),
            ("Quotes kept, about", number(database["quotes"])),
            ("History since", _day(database["oldest_day"])),
            ("Workers", _workers(data)),
        ]
    )


def _live(data: StatusData) -> Children:
    live = data.live
    if live is None:
        return empty_state("Not in this process", "Live prices need `tracera serve`; pages ask again by themselves.")
    last = None if live["last_message"] is None else format_age(data.now.timestamp() - live["last_message"]) + " ago"
    return definition_list(
        [
            ("Connected browsers", number(live["clients"])),
            ("Subscriptions", f"{number(live['subscriptions'])} to {number(live['items'])} items"),
            ("Messages a second", number(live["deliveries_per_second"], 1)),
            ("Last message", last),
            ("Slow ones closed", number(live["closed_slow"])),
            ("Lag", " · ".join(PERCENTILES) if live["lag"] else None),
            *((name, _lag(live["lag"][stage])) for stage, name in LAG_STEPS.items() if stage in live["lag"]),
            ("Feed", live["redis"]),
        ]
    )


def _lag(found: Mapping[str, float]) -> str:
    """The percentiles of one step's lag."""
    return " · ".join(_short(found[name] / 1000) for name in PERCENTILES)


def _database(data: StatusData) -> Children:
    found = data.database
    if found is None:
        return not_known()
    pool = data.pool
    busy = pool.get("pool_size", 0) - pool.get("pool_available", 0)
    kind = "PostgreSQL with TimescaleDB" if found["timescale"] else "PostgreSQL"
    return definition_list(
        [
            ("Server", f"{kind} {found['version'].split()[0]}"),
            ("Answers in", f"{found['answer_ms']:.1f} ms"),
            ("Size", bytes_text(found["bytes"])),
            ("Connections", f"{found['connections']} of {found['most_connections']}"),
            ("Pool", f"{busy} busy, {pool.get('pool_size', 0)} open, at most {pool.get('pool_max', 0)}"),
            ("Migrations", ", ".join(data.missing) + " missing" if data.missing else "all applied"),
        ]
    )


def _redis(data: StatusData) -> Children:
    found = data.redis
    if found is None:
        return empty_state(
            "Redis does not answer", "Prices are kept all the same; nothing moves by itself.", symbol="alert"
        )
    return definition_list(
        [
            ("Server", found["version"]),
            ("Answers in", f"{found['answer_ms']:.1f} ms"),
            ("Memory", bytes_text(found["bytes"])),
            ("Clients", number(found["clients"])),
            ("Up for", format_age(found["up_seconds"])),
        ]
    )


def _workers(data: StatusData) -> Children:
    """Workers by heartbeat; silent ones are listed for an hour."""
    if data.redis is None:
        return unknown("heartbeats are kept in Redis, which does not answer")
    if not data.workers:
        return unknown("no worker was alive in the last hour")
    lines: list[Children] = []
    silent = 0
    for worker in data.workers:
        health, age = heartbeat_text(data, worker.heartbeat)
        if health == "ok":
            mark = html.Span(className=f"dot dot-{health}")
            does = ["runs the jobs"] if worker.does and worker.may_collect else []
            does += [f"{worker.tasks} tasks"] if worker.tasks else []
            lines.append(html.Span([mark, worker.name], title=", ".join([*does, f"heartbeat {age}"])))
        else:
            silent += 1
    if silent:
        lines.append(html.Span(f"{silent} ended in the last hour", className="muted"))
    return html.Span(lines, className="status-workers")


def _state(health: str) -> html.Span:
    return html.Span([html.Span(className=f"dot dot-{health}"), WORDS[health]], className="status-name")


def _seconds(value: float | None) -> Children:
    if value is None:
        return unknown("not yet")
    return _short(value)


def _short(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _day(moment: datetime | None) -> Children:
    return unknown("nothing kept yet") if moment is None else html.Span(f"{moment:%Y-%m-%d}", title=time_text(moment))
