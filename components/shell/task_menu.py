"""Task menu: a signed-in user's own tasks in the header, wherever he is; assets/shell/tasks.js fills it and shows it while there are any."""

from typing import Any

from dash import html

from components.account import data
from components.ui.menu import menu

MENU = "tasks-menu"


def task_menu() -> html.Div:
    """Hidden at first; for a visitor it has nothing in it."""
    corner = html.Div(id="tasks", className="tasks-corner", hidden=True)
    if data.session_user(data.current_caller()) is None:
        return corner
    face = [html.Span(className="tasks-ring"), html.Span(className="tasks-count")]
    label: dict[str, Any] = {"aria-label": "Your tasks", "title": "Your tasks"}
    said: dict[str, Any] = {"role": "status"}
    corner.children = [
        menu(MENU, face, [html.Ul(id="tasks-list", className="tasks-list")], look="tasks-open", **label),
        html.Span(id="tasks-said", className="tasks-said", **said),
    ]
    return corner
