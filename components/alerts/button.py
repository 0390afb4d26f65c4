"""Alert button: opens the dialog that makes a rule; assets/alerts/bell.js listens, assets/alerts/main.js is the dialog."""

import json
from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from components.ui.icon import icon
from db.core.pool import Row


def alert_button(item_id: int) -> html.Button:
    """Of an item."""
    attributes: dict[str, Any] = {"data-alert-item": item_id, "aria-haspopup": "dialog"}
    return html.Button(_face(), type="button", className="alert-button", title="Be told when it moves", **attributes)


def visitor_alert(item_id: int) -> dcc.Link:
    """For a visitor: rules belong to an account."""
    return dcc.Link(
        _face(),
        href=f"/sign-in?next=/item/{item_id}",
        className="alert-button",
        title="Sign in to be told when it moves",
    )


def portfolio_alert(portfolios: Sequence[Row]) -> html.Button:
    """Of the value of one of the user's portfolios, which are `{id, name, currency, price_scale, value}`; there is at least one."""
    attributes: dict[str, Any] = {"data-alert-portfolio": json.dumps(list(portfolios)), "aria-haspopup": "dialog"}
    return html.Button("Portfolio alert", type="button", className="account-button", **attributes)


def _face() -> list[Any]:
    return [icon("bell", size=16), html.Span("Alert")]
