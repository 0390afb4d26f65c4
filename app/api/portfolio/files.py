"""Transactions and files: adds, lists, imports, exports and restores them."""

from datetime import UTC, datetime
from typing import Any, Final, Literal

from flask import Response, abort, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, Json

from app.api.owner import own_portfolio, owner, private
from app.api.portfolio.views import PRIVATE, PortfolioQuery
from app.portfolio.files import archive, transaction_import
from app.portfolio.files.archive import Name, SavedTransaction
from app.portfolio.files.steam_history import read_pages
from app.portfolio.files.text_decoding import FileError
from app.portfolio.files.transactions_csv import read_csv, write_csv
from app.portfolio.transaction_limits import violation
from app.runtime import services
from app.schemas import Query, Row, Rows
from app.spreadsheet import MARK
from db.core.pool import LONG
from db.portfolio import transactions as portfolio_transactions
from db.portfolio.transactions import Transaction

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
    again: bool = Field(default=False, description="Also take what is there already, but for what has a reference.")


class CsvQuery(FileQuery):
    """What to do with a CSV file."""

    renames: Json[dict[Name, Name]] | None = Field(
        None, description="Names in the file to take for others, as a JSON object: the near ones that were accepted."
    )


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
def import_csv(query: CsvQuery) -> Response:
    """A CSV file as the request's body: all its new lines, or none and what is wrong with each bad one."""
    portfolio = own_portfolio(owner(write=True), query.portfolio_id)
    database = services().database
    try:
        found = read_csv(request.get_data(cache=False), currency=portfolio["currency"])
    except FileError as error:
        abort(400, str(error))
    reply = transaction_import.preview(database, portfolio, found, renames=query.renames, again=query.again)
    if query.preview:
        return private(reply)
    if reply["bad_lines"]:
        first = reply["bad_lines"][0]
        return private({"error": f"line {first['line']}: {first['message']}; nothing was imported", **reply}, 400)
    news = transaction_import.named(database, found.transactions, query.renames)
    added = transaction_import.take(database, portfolio, news, again=query.again)
    return private({"added": added, "known": len(news) - added}, 201)


@blueprint.post("/portfolio/transactions/steam", responses={200: Row, 201: Row})
def import_market_history(query: FileQuery) -> Response:
    """Pages of Steam's market history as JSON, one behind the other or as a list; what is there is passed over."""
    portfolio = own_portfolio(owner(write=True), query.portfolio_id)
    database = services().database
    try:
        found = read_pages(request.get_data(cache=False))
    except FileError as error:
        abort(400, f"no market history: {error}")
    news = transaction_import.named(database, found.transactions)
    if query.preview:
        fresh = len(transaction_import.fresh(database, portfolio, news))
        reply = {"transactions": len(news), "new": fresh, "known": len(news) - fresh}
        return private({**reply, "left_out": found.left_out})
    # A history is read page by page, the newest first: a sale may come before its purchase.
    added = transaction_import.take(database, portfolio, news)
    return private({"added": added, "known": len(news) - added, "left_out": found.left_out}, 201)


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


def _take(portfolio: dict[str, Any], given: list[Transaction]) -> Response:
    now = datetime.now(UTC)
    for at, one in enumerate(given):
        if wrong := violation(one, now):
            abort(400, f"transactions.{at}.{wrong[0]}: {wrong[1]}")
    database = services().database
    news = transaction_import.named(database, given)
    places = transaction_import.fresh(database, portfolio, news, again=True)
    contradiction = transaction_import.check(database, portfolio, [news[at] for at in places])
    if contradiction and contradiction[0] >= 0:
        abort(400, f"transactions.{places[contradiction[0]]}: {contradiction[1]}")
    return private({"added": transaction_import.take(database, portfolio, news, again=True)}, 201)
