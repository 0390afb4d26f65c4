"""Transactions: lists, adds, changes and deletes them, and undoes deletions."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NoReturn

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, StrictInt

from app.api.owner import own_portfolio, owner, private
from app.api.portfolio.views import PRIVATE, PortfolioQuery
from app.portfolio import transaction_changes
from app.portfolio.files import transaction_import
from app.portfolio.files.archive import SavedTransaction
from app.portfolio.transaction_changes import ChangeRefusedError
from app.portfolio.transaction_limits import violation
from app.runtime import services
from app.schemas import NO_NUL, Query, Row, Rows
from app.times import Time
from db.core.pool import LONG_TIMEOUT
from db.portfolio import deletions, transaction_pages
from db.portfolio.transaction_pages import Filter
from db.portfolio.transactions import Transaction

blueprint = APIBlueprint(
    "portfolio_transactions", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="portfolio")], abp_responses=PRIVATE
)
MOST_WORDS = 8
Id = Annotated[StrictInt, Field(ge=1, le=2**63 - 1)]
Sort = Literal["time", "-time", "kind", "-kind", "market_hash_name", "-market_hash_name", "quantity", "-quantity", "price",
               "-price", "total", "-total"]  # fmt: skip


class TransactionsQuery(PortfolioQuery):
    """Which of them, in which order, which page."""

    kind: Literal["buy", "sell", "drop", "trade", "fee"] | None = Field(None, description="Of this kind alone.")
    search: str | None = Field(
        None, max_length=200, pattern=NO_NUL, description="Words in the item's name or the note, in any order."
    )
    since: Time | None = Field(None, description="From this time on.")
    until: Time | None = Field(None, description="Before this time.")
    sort: Sort = Field("-time", description="With a minus the greatest first; amounts of one currency stand together.")
    before: int | None = Field(
        None, ge=1, le=2**63 - 1, description="The id of the last one of the page before, by time."
    )
    offset: int = Field(0, ge=0, le=10**9, description="So many are passed over.")
    limit: int = Field(100, ge=1, le=1000, description="At most so many.")


class NewTransactions(Query):
    """Transactions to add, all or none."""

    transactions: list[SavedTransaction] = Field(min_length=1, max_length=1000, description="In any order.")


class TransactionIds(Query):
    """Transactions to delete."""

    ids: list[Id] = Field(
        min_length=1, max_length=10_000, description="Their ids; those of no such transaction are passed over."
    )


class TransactionPath(BaseModel):
    """Which transaction."""

    transaction_id: int = Field(ge=1, le=2**63 - 1, description="The transaction's id.")


class DeletionPath(BaseModel):
    """Which deletion."""

    deletion_id: int = Field(ge=1, le=2**63 - 1, description="From the answer to the deletion.")


@blueprint.get("/portfolio/transactions", responses={200: Rows})
def list_transactions(query: TransactionsQuery) -> Response:
    """A page at a time, newest first unless sorted otherwise; amounts in minor units of each one's currency."""
    portfolio = own_portfolio(owner(), query.portfolio_id)
    if query.before is not None and (query.sort != "-time" or query.offset):
        abort(400, "before: it pages the newest first alone; use offset")
    wanted = Filter(query.kind, tuple((query.search or "").split()[:MOST_WORDS]), query.since, query.until)
    rows = transaction_pages.page(
        services().database, portfolio["user_id"], portfolio["id"], wanted,
        sort=query.sort, before=query.before, offset=query.offset, limit=query.limit,
    )  # fmt: skip
    return private(rows)


@blueprint.post("/portfolio/transactions", responses={201: Row})
def add_transactions(query: PortfolioQuery, body: NewTransactions) -> Response:
    """Add transactions; all are refused where one gives away more than is held at its time."""
    portfolio = own_portfolio(owner(write=True), query.portfolio_id)
    return _take(portfolio, [Transaction(**one.model_dump()) for one in body.transactions])


@blueprint.put("/portfolio/transactions/<int:transaction_id>", responses={200: Row})
def change_transaction(query: PortfolioQuery, path: TransactionPath, body: SavedTransaction) -> Response:
    """Put another one in the place of one; refused where more would then be given away than is held."""
    portfolio = own_portfolio(owner(write=True), query.portfolio_id)
    news = Transaction(**body.model_dump())
    try:
        changed = transaction_changes.change(
            services().database, portfolio, path.transaction_id, news, datetime.now(UTC)
        )
    except ChangeRefusedError as error:
        abort(400, f"{error.field}: {error}")
    return private(changed or _gone(path.transaction_id))


@blueprint.delete("/portfolio/transactions/<int:transaction_id>", responses={204: None})
def delete_transaction(query: PortfolioQuery, path: TransactionPath) -> Response:
    """Delete one."""
    portfolio = own_portfolio(owner(write=True), query.portfolio_id)
    with services().database.connection(answer_within=LONG_TIMEOUT) as connection:
        gone = deletions.delete(connection, portfolio["user_id"], portfolio["id"], [path.transaction_id])
    if gone is None:
        _gone(path.transaction_id)
    return Response(status=204)


@blueprint.post("/portfolio/transactions/delete", responses={200: Row})
def delete_transactions(query: PortfolioQuery, body: TransactionIds) -> Response:
    """Delete some at once; for thirty days the answer's `deletion_id` brings them back."""
    portfolio = own_portfolio(owner(write=True), query.portfolio_id)
    with services().database.connection(answer_within=LONG_TIMEOUT) as connection:
        gone = deletions.delete(connection, portfolio["user_id"], portfolio["id"], body.ids)
    if gone is None:
        abort(404, "there are no such transactions in this portfolio")
    return private({"deleted": gone.count, "deletion_id": gone.id})


@blueprint.post("/portfolio/deletions/<int:deletion_id>/undo", responses={200: Row})
def undo_deletion(query: PortfolioQuery, path: DeletionPath) -> Response:
    """Put deleted transactions back as they were, with their ids."""
    portfolio = own_portfolio(owner(write=True), query.portfolio_id)
    with services().database.connection(answer_within=LONG_TIMEOUT) as connection:
        found = deletions.undo(connection, portfolio["user_id"], portfolio["id"], path.deletion_id)
    if found is None:
        abort(404, f"there is no deletion {path.deletion_id} in this portfolio, or it is undone already")
    return private({"restored": found[0], "known": found[1]})


def _gone(transaction_id: int) -> NoReturn:
    abort(404, f"there is no transaction {transaction_id} in this portfolio")


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
