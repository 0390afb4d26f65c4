"""How this instance is doing, and what is wrong in plain words."""

from dash import Dash, Input, Output, dcc, html

from components import context, status_facts, status_view
from components.format import time_text
from components.page import Children, page, page_header, register_page, simulated_badge, skeleton

REFRESH_MS = 3_000


def register(app: Dash) -> None:
    register_page(
        __name__, path="/status", title="Status · Tracera", description="How this instance is doing", layout=layout
    )
    app.callback(
        Output("status-verdict", "children"),
        Output("status-body", "children"),
        Output("status-time", "children"),
        Input("status-clock", "n_intervals"),
    )(show)


def layout(**_query: str) -> html.Div:
    badge = [" ", simulated_badge()] if context.simulated() else []
    words = ["What is collected, what runs, and what is wrong.", *badge]
    return page(
        page_header("Status", words, html.Span(id="status-time", className="status-time")),
        html.Div(skeleton(46), id="status-verdict", role="status"),
        html.Div([skeleton(180), skeleton(220), skeleton(480)], id="status-body", className="page"),
        dcc.Interval(id="status-clock", interval=REFRESH_MS),
    )


def show(_clock: int) -> tuple[Children, Children, str]:
    facts = status_facts.gather()
    verdict = status_view.verdict(status_facts.problems(facts))
    return verdict, status_view.everything(facts), f"as of {time_text(facts.now)}"
