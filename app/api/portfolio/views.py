"""Portfolio views: holdings, value, returns and risk."""

import time
from datetime import UTC, datetime
from typing import Any, Literal

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, StrictInt

from app.analytics.portfolio.what_if import ChangeError
from app.api.owner import own_portfolio, owner, private
from app.portfolio.importer import fees_of
from app.portfolio.overview import Overview, overview, read
from app.portfolio.risk import risk_report, what_if
from app.portfolio.sample import TooFewPricesError, make_sample
from app.providers.markets import main
from app.providers.sources import is_simulated
from app.runtime import services
from app.schemas import PROBLEMS, Problem, Query, Row, Rows
from app.times import Time
from db.portfolio import portfolios, snapshots, transactions

PRIVATE = {**PROBLEMS, 401: Problem, 403: Problem, 429: Problem, 502: Problem}
blueprint = APIBlueprint(
    "portfolio", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="portfolio")], abp_responses=PRIVATE
)
CURRENCY = r"^[A-Z]{3}$"
SETTINGS = ("name", "currency", "price_source", "cost_method", "includes_steam", "sample")


class PortfolioQuery(Query):
    """Which of the user's portfolios."""

    portfolio_id: int | None = Field(None, ge=1, le=2**31 - 1, description="The main one where none is named.")


class PortfolioPath(BaseModel):
    """Which of the user's portfolios."""

    portfolio_id: int = Field(ge=1, le=2**31 - 1, description="The portfolio's id.")


class SnapshotQuery(PortfolioQuery):
    """Which part of the history."""

    since: Time | None = Field(None, description="From this time on; all of it where none is named.")
    limit: int = Field(2000, ge=1, le=5000, description="At most so many, the newest ones.")


class HistoryQuery(PortfolioQuery):
    """How closely."""

    hours: bool = Field(default=False, description="The last seven days by the hour.")


class NewPortfolio(Query):
    """A portfolio to make."""

    name: str = Field(min_length=1, max_length=80, pattern=r"^[^\x00]+$", description="Its name.")
    currency: str = Field("USD", pattern=CURRENCY, description="What it is counted in.")


class PortfolioChange(Query):
    """What to change."""

    name: str | None = Field(None, min_length=1, max_length=80, pattern=r"^[^\x00]+$", description="Its name.")
    currency: str | None = Field(None, pattern=CURRENCY, description="What it is counted in.")
    price_source: str | None = Field(None, max_length=64, description="`reference`, `best` or a source.")
    cost_method: Literal["fifo", "lifo", "hifo", "average"] | None = Field(
        None, description="Which lots are sold first."
    )


class Change(Query):
    """Units that come or go."""

    item_id: StrictInt = Field(ge=1, le=2**31 - 1, description="The item's id.")
    quantity: StrictInt = Field(ge=-(10**9), le=10**9, description="Added, or with a minus removed.")


class WhatIf(Query):
    """A change to try."""

    changes: list[Change] = Field(min_length=1, max_length=200, description="Each item once.")


@blueprint.get("/portfolio", responses={200: Row})
def get_portfolio(query: PortfolioQuery) -> Response:
    """Holdings with value, cost and profit; totals; returns."""
    user_id = owner()
    portfolio = own_portfolio(user_id, query.portfolio_id)
    seen = overview(services().database, portfolio, fees_of(services().settings), datetime.now(UTC))
    return private(shape(seen))


@blueprint.get("/portfolio/lots", responses={200: Rows})
def get_lots(query: PortfolioQuery) -> Response:
    """Open lots, oldest first per item, with what they would bring; of one that is not `timed` only the day is known."""
    portfolio = own_portfolio(owner(), query.portfolio_id)
    database = services().database
    seen = overview(database, portfolio, fees_of(services().settings), datetime.now(UTC))
    days = transactions.untimed(database, portfolio["user_id"], portfolio["id"])
    return private([
        {**lot, "opened": datetime.fromtimestamp(lot["opened"], UTC), "timed": lot["transaction_id"] not in days}
        for lot in seen.lots
    ])  # fmt: skip


@blueprint.get("/portfolio/snapshots", responses={200: Rows})
def get_snapshots(query: SnapshotQuery) -> Response:
    """What it was worth, oldest first; deposits, withdrawals and growth are counted from the first valuation."""
    portfolio = own_portfolio(owner(), query.portfolio_id)
    database = services().database
    return private(snapshots.series(database, portfolio["user_id"], portfolio["id"], query.since, query.limit))


@blueprint.get("/portfolio/history", responses={200: Rows})
def get_history(query: HistoryQuery) -> Response:
    """Its course from the first transaction to now, oldest first: value, sums of deposits and withdrawals, growth.

    Each row's `basis` is `transactions` where it was replayed from them at kept closes, `snapshots` where it was kept then.
    """
    portfolio = own_portfolio(owner(), query.portfolio_id)
    held = services()
    _, course = read(held.database, portfolio, fees_of(held.settings), datetime.now(UTC), hours=query.hours)
    return private(course)


@blueprint.get("/portfolio/risk", responses={200: Row})
def get_risk(query: PortfolioQuery) -> Response:
    """Volatility, contributions, beta, tail losses, drawdown, correlation, over the last three months."""
    portfolio = own_portfolio(owner(), query.portfolio_id)
    held = services()
    now, market = datetime.now(UTC), main(held.settings).id
    return private(risk_report(held.database, portfolio, fees_of(held.settings), now, market=market))


@blueprint.post("/portfolio/what-if", responses={200: Row})
def post_what_if(query: PortfolioQuery, body: WhatIf) -> Response:
    """Value and risk before and after a change that is only tried."""
    portfolio = own_portfolio(owner(), query.portfolio_id)
    changes: dict[int, int] = {}
    for change in body.changes:
        changes[change.item_id] = changes.get(change.item_id, 0) + change.quantity
    try:
        held = services()
        now, market = datetime.now(UTC), main(held.settings).id
        return private(what_if(held.database, portfolio, changes, fees_of(held.settings), now, market=market))
    except ChangeError as error:
        abort(400, str(error))


@blueprint.get("/portfolios", responses={200: Rows})
def list_portfolios() -> Response:
    """All of the user's portfolios, the one with the Steam inventory first."""
    user_id = owner()
    portfolios.default(services().database, user_id)
    return private(portfolios.every(services().database, user_id))


@blueprint.post("/portfolios", responses={201: Row, 409: Problem})
def create_portfolio(body: NewPortfolio) -> Response:
    """A new one."""
    user_id = owner(write=True)
    made = portfolios.create(services().database, user_id, body.name, body.currency)
    if made is None:
        abort(409, f"you have a portfolio {body.name!r} already")
    return private(made, 201)


@blueprint.post("/portfolio/sample", responses={200: Row, 409: Problem})
def sample_portfolio(query: Query) -> Response:
    """The user's sample portfolio: invented trades at kept closes, made where there is none."""
    del query
    user_id = owner(write=True)
    held = services()
    market, now = main(held.settings).id, datetime.now(UTC)
    days = held.settings.demo_history_days if any(map(is_simulated, held.settings.providers)) else 0
    try:
        return private(make_sample(held.database, user_id, market, now, simulated_days=days))
    except TooFewPricesError:
        abort(409, "there are too few prices yet: a sample portfolio needs closes of some items over two days")


@blueprint.patch("/portfolios/<int:portfolio_id>", responses={200: Row, 409: Problem})
def change_portfolio(path: PortfolioPath, body: PortfolioChange) -> Response:
    """Its name, currency, price source or cost method."""
    user_id = owner(write=True)
    database = services().database
    own_portfolio(user_id, path.portfolio_id)
    allowed = ["reference", "best", *portfolios.sources(database)]
    if body.price_source is not None and body.price_source not in allowed:
        abort(400, f"price_source {body.price_source!r} is none of {', '.join(allowed)}")
    if any(row["name"] == body.name and row["id"] != path.portfolio_id for row in portfolios.every(database, user_id)):
        abort(409, f"you have a portfolio {body.name!r} already")
    return private(portfolios.change(database, user_id, path.portfolio_id, **body.model_dump()))


@blueprint.delete("/portfolios/<int:portfolio_id>", responses={204: None, 409: Problem})
def delete_portfolio(path: PortfolioPath) -> Response:
    """With its transactions and history; the one with the Steam inventory stays."""
    user_id = owner(write=True)
    if own_portfolio(user_id, path.portfolio_id)["includes_steam"]:
        abort(409, "the portfolio with the Steam inventory cannot be deleted")
    portfolios.delete(services().database, user_id, path.portfolio_id)
    return Response(status=204)


def shape(seen: Overview) -> dict[str, Any]:
    """The contract's form, and more."""
    portfolio = seen.portfolio
    return {
        "user_id": portfolio["user_id"],
        "portfolio_id": portfolio["id"],
        **{name: portfolio[name] for name in SETTINGS},
        **seen.totals,
        "performance": seen.performance,
        "holdings": [{name: value for name, value in row.items() if name != "recorded_value"} for row in seen.holdings],
        "last_imported_at": seen.last_import["last_imported_at"] if seen.last_import else None,
        "problem": seen.problem,
        "as_of": datetime.fromtimestamp(time.time(), UTC),
    }
