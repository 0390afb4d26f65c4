"""Files: transactions imported, exported and restored."""

from functools import partial
from typing import Annotated, Final, Literal

from flask import Response, abort, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, Json

from app.api.owner import own_portfolio, owner, private
from app.api.portfolio.views import CURRENCY, PRIVATE, PortfolioQuery
from app.api.replies import encode
from app.api.tasks import wait_for
from app.portfolio.files import archive, file_import, transaction_import
from app.portfolio.files.archive import Name
from app.portfolio.files.file_import import LARGE, BusyError, FileImport, RefusedFileError
from app.portfolio.files.steam_history import read_pages
from app.portfolio.files.text_decoding import FileError
from app.portfolio.files.transactions_csv import write_csv
from app.runtime import services
from app.schemas import NO_NUL, Problem, Query, Row
from app.spreadsheet import MARK
from app.tasks.waiting import Answer
from db.core.pool import Database
from db.portfolio import transactions
from db.tasks import details

blueprint = APIBlueprint(
    "portfolio_files", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="portfolio")], abp_responses=PRIVATE
)


Column = Literal["date", "type", "item", "quantity", "price", "fee", "currency", "note", "reference"]
Header = Annotated[str, Field(max_length=200, pattern=NO_NUL)]
FILES: Final = {"application/json": {"schema": {"type": "object"}}, "text/csv": {"schema": {"type": "string"}}}


class FileQuery(PortfolioQuery):
    """What to do with a file."""

    preview: bool = Field(default=False, description="Only tell what the import would do.")
    again: bool = Field(default=False, description="Also take what is there already, but for what has a reference.")


class CsvQuery(FileQuery):
    """What to do with a CSV file."""

    renames: Json[dict[Name, Name]] | None = Field(
        None, description="Names in the file to take for others, as a JSON object: the near ones that were accepted."
    )
    columns: Json[dict[Column, Header]] | None = Field(
        None,
        description="The file's header for each of our columns, as a JSON object; an empty one is not in the file.",
    )
    kind: Literal["buy", "sell", "drop"] | None = Field(None, description="The type of lines that name none.")
    currency: str | None = Field(None, pattern=CURRENCY, description="The currency of lines that name none.")
    good: bool = Field(default=False, description="Take the good lines, and answer with the bad ones.")


class ExportQuery(PortfolioQuery):
    """In which form."""

    format: Literal["json", "csv"] = Field(
        "json", description="JSON holds everything, CSV one portfolio's transactions."
    )


@blueprint.post("/portfolio/transactions/csv", responses={200: Row, 201: Row, 202: Row, 409: Problem})
def import_csv(query: CsvQuery) -> Response:
    """A CSV file as the request's body: all its new lines, or none and what is wrong with each bad one; `good` takes the others.

    A file of 1 MiB or more is imported by a task: the answer comes at its end, or after 25 seconds as 202 with the task.
    """
    portfolio = own_portfolio(owner(write=True), query.portfolio_id)
    data = request.get_data(cache=False)
    columns = {str(name): header for name, header in (query.columns or {}).items()}
    wanted = FileImport(
        "csv", portfolio["id"], query.renames, query.again, columns, query.kind, query.currency, query.good
    )
    if not query.preview:
        return _import(portfolio["user_id"], wanted, data, status=201)
    try:
        return private(wanted.preview(services().database, portfolio, data)[1])
    except RefusedFileError as error:
        return private({"error": str(error), **error.more}, 400)


@blueprint.post("/portfolio/transactions/steam", responses={200: Row, 201: Row, 202: Row, 409: Problem})
def import_market_history(query: FileQuery) -> Response:
    """Pages of Steam's market history as JSON, one behind the other or as a list; what is there is passed over. Large ones as with CSV."""
    portfolio = own_portfolio(owner(write=True), query.portfolio_id)
    data = request.get_data(cache=False)
    if not query.preview:
        return _import(portfolio["user_id"], FileImport("steam", portfolio["id"]), data, status=201)
    database = services().database
    try:
        found = read_pages(data)
    except FileError as error:
        abort(400, f"no market history: {error}")
    news = transaction_import.named(database, found.transactions)
    fresh = len(transaction_import.fresh(database, portfolio, news))
    reply = {"transactions": len(news), "new": fresh, "known": len(news) - fresh}
    return private({**reply, "left_out": found.exclusions})


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
    text = write_csv(transactions.every(database, user_id, portfolio["id"]))
    response = Response((MARK + text).encode(), mimetype="text/csv")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Disposition"] = 'attachment; filename="tracera-transactions.csv"'
    return response


@blueprint.post("/portfolio/restore", responses={200: Row, 202: Row, 409: Problem})
def restore(query: Query) -> Response:
    """An exported JSON document in the place of everything the user keeps: all of it or nothing. Large ones as with CSV."""
    del query
    return _import(owner(write=True), FileImport("restore"), request.get_data(cache=False), status=200)


def _import(user_id: int, wanted: FileImport, data: bytes, *, status: int) -> Response:
    """Take a small file in here, a large one by a task."""
    database = services().database
    try:
        if len(data) < LARGE:
            return private(wanted.take(database, user_id, data), status)
        task_id = file_import.start(database, user_id, wanted, data)
    except RefusedFileError as error:
        return private({"error": str(error), **error.more}, 400)
    except BusyError as error:
        abort(409, str(error))
    return wait_for(task_id, partial(file_answer, database, task_id, status))


def file_answer(database: Database, task_id: int, status: int) -> Answer:
    """What the request gets whose file was imported, or not."""
    task = details.one(database, task_id)
    if task is not None and task["state"] == "done":
        return Answer(status, encode(task["result"]))
    if task is None or task["state"] == "cancelled":
        return Answer(409, encode({"error": "The import was cancelled. Nothing was changed.", "reason": "cancelled"}))
    if task["dead"]:
        words = f"The import failed {task['failures']} times and was given up. Nothing was changed; try it again."
        return Answer(503, encode({"error": words, "reason": "failed"}))
    error = dict(task["error"])
    return Answer(400, encode({"error": error.pop("message"), **error}))
