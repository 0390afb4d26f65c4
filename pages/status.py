"""Status page: the state of this instance, and what is wrong."""

from functools import partial
from typing import Any

from dash import Dash, Input, Output, dcc, html

from components.status import backups, data, exchanges, tasks, view
from components.ui import markup
from components.ui.format import time_text
from components.ui.inputs import Times
from components.ui.page import page, page_header, register_page, skeleton

REFRESH_MS = 3_000


def register(app: Dash) -> None:
    register_page(
        __name__, path="/status", title="Status · Tracera", description="How this instance is doing", layout=layout
    )
    app.callback(
        *markup.outputs("status-verdict"),
        *markup.outputs("status-body"),
        Output("status-time", "children"),
        Input("status-clock", "n_intervals"),
        # A database that is down takes seconds to say so: the clock waits, or each answer would come too late to count.
        running=[(Output("status-clock", "disabled"), True, False)],
    )(update_status)
    markup.register(app, "status-verdict", "status-body")


def layout(**_query: str) -> html.Div:
    return page(
        page_header(
            "Status",
            "What is collected, what runs, and what is wrong.",
            html.Span(id="status-time", className="status-time"),
        ),
        html.Div(markup.frame("status-verdict", skeleton(46)), role="status", className="verdict-frame"),
        markup.frame("status-body", html.Div([skeleton(124), skeleton(200), skeleton(250)], className="page")),
        dcc.Interval(id="status-clock", interval=REFRESH_MS),
    )


def update_status(_clock: Times) -> tuple[Any, ...]:
    found = data.read_status()
    verdict = partial(
        view.verdict,
        [
            *data.problems(found),
            *exchanges.feed_problems(found),
            *tasks.task_problems(found),
            *backups.backup_problems(found),
        ],
    )
    body = partial(view.status_cards, found)
    time = f"as of {time_text(found.now)}"
    return *markup.answer(verdict, keep=False), *markup.answer(body, keep=False), time
