"""Transactions, and everything of a portfolio as a file and back."""

from typing import Any, Final, Literal

import orjson
from flask import Response, abort, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from app.api.owner import own_portfolio, owner, private
from app.api.portfolio import PRIVATE, PortfolioQuery
from app.api.replies import Query, Row, Rows
from app.portfolio import archive, intake
from app.portfolio.archive import SavedTransaction
from app.portfolio.csv_files import FileError, read_csv, write_csv
from app.portfolio.market_history import read_history
from app.runtime import services
from app.spreadsheet import MARK
from db import portfolio_transactions
from db.pool import LONG
from db.portfolio_transactions import Transaction

blueprint = APIBlueprint(
    "portfolio_files", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="portfolio")], abp_responses=PRIVATE
)


FILES: Final = {"application/json": {"schema": {"type": "object"}}, "text/csv": {"schema": {"type": "string"}}}


class TransactionsQuery(PortfolioQuery):
    """Which page of them."""

    before: int | None = Field(None, ge=1, le=2**63 - 1, description="The id of the last one of the page before.")
    limit: int = Field(100, ge=1, le=1000, description="At most so many.")


class NewTransactions(Query):
    """Transactions to add, all or none."""

    transactions: list[SavedTransaction] = Field(min_length=1, max_length=1000, description="In any order.")


class TransactionPath(BaseModel):
    """Which transaction."""

    transaction_id: int = Field(ge=1, le=2**63 - 1, description="The transaction's id.")


class FileQuery(PortfolioQuery):
    """What to do with a file."""

    preview: bool = Field(default=False, description="Only tell what the import would do.")


class ExportQuery(PortfolioQuery):
    """In which form."""

    format: Literal["json", "csv"] = Field(
        "json", description="JSON holds everything, CSV one portfolio's transactions."
    )


@blueprint.get("/portfolio/transactions", responses={200: Rows})
def list_transactions(query: TransactionsQuery) -> Response:
    """Newest first, a page at a time; amounts in minor units of each one's currency."""
    portfolio = own_portfolio(owner(), query.portfolio_id)
    database = services().database
    return private(
        portfolio_transactions.page(
            database, portfolio["user_id"], portfolio["id"], before=query.before, limit=query.limit
        )
    )


@blueprint.post("/portfolio/transactions", responses={201: Row})
def add_transactions(query: PortfolioQuery, body: NewTransactions) -> Response:
    """Add transactions; all are refused where one gives away more than is held at its time."""
    portfolio = own_portfolio(owner(write=True), query.portfolio_id)
    return _take(portfolio, [Transaction(**one.model_dump()) for one in body.transactions])


@blueprint.delete("/portfolio/transactions/<int:transaction_id>", responses={204: None})
def delete_transaction(query: PortfolioQuery, path: TransactionPath) -> Response:
    """Delete one."""
    portfolio = own_portfolio(owner(write=True), query.portfolio_id)
    with services().database.connection(answer_within=LONG) as connection:
        gone = portfolio_transactions.delete(connection, portfolio["user_id"], portfolio["id"], [path.transaction_id])
    if not gone:
        abort(404, f"there is no transaction {path.transaction_id} in this portfolio")
    return Response(status=204)


@blueprint.post("/portfolio/transactions/csv", responses={200: Row, 201: Row})
def import_csv(query: FileQuery) -> Response:
    """A CSV file as the request's body: all its lines, or none and what is wrong with each bad one."""
    portfolio = own_portfolio(owner(write=True), query.portfolio_id)
    try:
        found = read_csv(request.get_data(cache=False), currency=portfolio["currency"])
    except FileError as error:
        abort(400, str(error))
    told = intake.preview(services().database, portfolio, found)
    if query.preview:
        return private(told)
    if told["bad_lines"]:
        first = told["bad_lines"][0]
        return private({"error": f"line {first['line']}: {first['message']}; nothing was imported", **told}, 400)
    return private({"added": intake.take(services().database, portfolio, found.transactions)}, 201)


@blueprint.post("/portfolio/transactions/steam", responses={200: Row, 201: Row})
def import_market_history(query: FileQuery) -> Response:
    """Steam's market history as JSON; what is known already is passed over."""
    portfolio = own_portfolio(owner(write=True), query.portfolio_id)
    try:
        found = read_history(orjson.loads(request.get_data(cache=False)))
    except (FileError, orjson.JSONDecodeError) as error:
        abort(400, f"no market history: {error}")
    if query.preview:
        return private({"transactions": len(found.transactions), "left_out": found.left_out})
    # A history is read page by page, the newest first: a sale may come before its purchase.
    added = intake.take(services().database, portfolio, found.transactions)
    return private({"added": added, "left_out": found.left_out}, 201)


@blueprint.get("/portfolio/export", responses={200: {"content": FILES}})
def export(query: ExportQuery) -> Response:
    """Everything as JSON, or one portfolio's transactions as CSV; both import back to the same."""
    user_id = owner()
    database = services().database
    if query.format == "json":
        response = private(archive.export(database, user_id))
        response.headers["Content-Disposition"] = 'attachment; filename="tracera-portfolio.json"'
        return response
    portfolio = own_portfolio(user_id, query.portfolio_id)
    text = write_csv(portfolio_transactions.every(database, user_id, portfolio["id"]))
    response = Response((MARK + text).encode(), mimetype="text/csv")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Disposition"] = 'attachment; filename="tracera-transactions.csv"'
    return response


@blueprint.post("/portfolio/restore", responses={200: Row})
def restore(query: Query) -> Response:
    """An exported JSON document in the place of everything the user keeps: all of it or nothing."""
    del query
    user_id = owner(write=True)
    try:
        return private(archive.restore(services().database, user_id, request.get_data(cache=False)))
    except FileError as error:
        abort(400, f"{error}; nothing was changed")


def _take(portfolio: dict[str, Any], news: list[Transaction]) -> Response:
    contradiction = intake.check(services().database, portfolio, news)
    if contradiction and contradiction[0] >= 0:
        abort(400, f"transactions.{contradiction[0]}: {contradiction[1]}")
    return private({"added": intake.take(services().database, portfolio, news)}, 201)
