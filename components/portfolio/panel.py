"""Tab panels: when the portfolio's tabs are read, and how server-made ones are drawn."""

from collections.abc import Callable
from typing import Any, Final

from dash import Dash, Input, ctx, no_update

from components.portfolio.owner import selected_portfolio
from components.portfolio.states import gone
from components.ui import markup
from components.ui.inputs import Name, PortfolioId, Times, Version
from components.ui.page import Children
from db.core.pool import Row

OPENED: Final = (
    Input("portfolio-tab", "value"),
    Input("portfolio-version", "data"),
    Input("portfolio-chosen", "data"),
)
"""The open tab, the portfolio's version and which portfolio: a tab works while it is the open one."""


def frame(tab: str, waiting: Children) -> Children:
    """Where the markup of a tab appears; `waiting` stands there until it does."""
    return markup.frame(f"portfolio-{tab}", waiting, className=f"portfolio-{tab}")


def register(app: Dash, tab: str, render: Callable[[Row], Children]) -> None:
    """Draw the chosen portfolio in the `frame` of a tab, while that is open."""
    name, retry = f"portfolio-{tab}", f"portfolio-{tab}-retry"

    def update_panel(
        opened: Name | None, _version: Version, portfolio_id: PortfolioId, _retry: Times
    ) -> tuple[Any, Any]:
        if opened != tab:
            return no_update, no_update

        def render_selected() -> Children:
            mine = selected_portfolio(portfolio_id)
            return gone() if mine is None else render(mine)

        return markup.answer(render_selected, keep=ctx.triggered_id == "portfolio-version", retry=retry)

    app.callback(*markup.outputs(name), *OPENED, Input(retry, "n_clicks", allow_optional=True))(update_panel)
    markup.register(app, name)
