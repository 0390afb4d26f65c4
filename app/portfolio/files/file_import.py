"""File import: takes a whole file into a portfolio, in a request, or for a large one as a task; all of it or nothing."""

import io
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import psycopg

from app.portfolio.files import archive, transaction_import
from app.portfolio.files.csv_columns import ColumnsError, Layout
from app.portfolio.files.steam_history import read_pages
from app.portfolio.files.text_decoding import FileError
from app.portfolio.files.transactions_csv import Preview, read_csv, written_lines
from app.tasks.kinds import FILE_IMPORT
from app.tasks.task import RefusedError, Task
from db.core.pool import LONG_TIMEOUT, Database, Row
from db.portfolio import portfolios
from db.tasks import files, queue

LARGE: Final = 1 << 20
"""Bytes from which a file is imported by a task."""
TOLD: Final = ("bad_lines", "header", "columns")
"""What a task keeps of why a file is refused."""
What = Literal["csv", "steam", "restore"]
Reply = dict[str, Any]
Done = Callable[[psycopg.Connection, Reply], object]
"""Called in the transaction of an import with its answer."""


class RefusedFileError(Exception):
    """A file cannot be taken in, and nothing was; `more` is what else the answer says."""

    def __init__(self, message: str, **more: Any) -> None:
        super().__init__(message)
        self.more = more


class BusyError(Exception):
    """Another import of the user's is under way."""


@dataclass(frozen=True, slots=True)
class FileImport:
    """What is done with a file: `portfolio_id` None is the main one; `restore` is of all portfolios.

    Of CSV alone: `columns`, `kind` and `currency` are its layout, and with `good` the good lines are taken without the bad ones.
    """

    what: What
    portfolio_id: int | None = None
    renames: Mapping[str, str] | None = None
    again: bool = False
    columns: Mapping[str, str] | None = None
    kind: str | None = None
    currency: str | None = None
    good: bool = False

    def take(self, database: Database, user_id: int, data: bytes, done: Done | None = None) -> Reply:
        """Take the file in; returns the answer.

        Raises:
            RefusedFileError: nothing was taken in, for a reason in the file.
        """
        if self.what == "restore":
            return _restore(database, user_id, data, done)
        portfolio = self._portfolio(database, user_id)
        return (
            _steam(database, portfolio, data, done)
            if self.what == "steam"
            else self._csv(database, portfolio, data, done)
        )

    def _portfolio(self, database: Database, user_id: int) -> Row:
        if self.portfolio_id is None:
            return portfolios.default(database, user_id)
        found = portfolios.one(database, user_id, self.portfolio_id)
        if found is None:
            raise RefusedFileError(f"you have no portfolio {self.portfolio_id}")
        return found

    def preview(self, database: Database, portfolio: Row, data: bytes) -> tuple[Preview, Reply]:
        """A CSV file as it was understood, and what its import would do.

        Raises:
            RefusedFileError: it is no CSV with the columns that are needed.
        """
        layout = Layout(self.columns or {}, self.kind, self.currency)
        try:
            found = read_csv(data, currency=portfolio["currency"], layout=layout)
        except ColumnsError as error:
            raise RefusedFileError(str(error), columns=error.places.as_json()) from error
        except FileError as error:
            raise RefusedFileError(str(error)) from error
        reply = transaction_import.preview(database, portfolio, found, renames=self.renames, again=self.again)
        bad = reply["bad_lines"]
        header, texts = written_lines(data, {one["line"] for one in bad}) if bad else ("", {})
        lines = [{**one, "text": texts.get(one["line"], "")} for one in bad]
        return found, reply | {"header": header, "bad_lines": lines}

    def _csv(self, database: Database, portfolio: Row, data: bytes, done: Done | None) -> Reply:
        found, seen = self.preview(database, portfolio, data)
        bad = seen["bad_lines"]
        wrong = {one["line"] for one in bad}
        if bad and not self.good:
            raise RefusedFileError(f"line {bad[0]['line']}: {bad[0]['message']}; nothing was imported", **seen)
        if 0 in wrong:
            raise RefusedFileError(f"{bad[0]['message']}; nothing was imported", **seen)
        named = transaction_import.named(database, found.transactions, self.renames)
        news = [one for one, line in zip(named, found.lines, strict=True) if line not in wrong]
        rest = {"bad_lines": bad, "header": seen["header"]} if bad else {}

        def reply(added: int) -> Reply:
            return {"added": added, "known": len(news) - added, **rest}

        return reply(transaction_import.take(database, portfolio, news, again=self.again, done=_hook(done, reply)))


def _steam(database: Database, portfolio: Row, data: bytes, done: Done | None) -> Reply:
    """A history is read page by page, the newest first: a sale may come before its purchase."""
    try:
        found = read_pages(data)
    except FileError as error:
        raise RefusedFileError(f"no market history: {error}") from error
    news = transaction_import.named(database, found.transactions)

    def reply(added: int) -> Reply:
        return {"added": added, "known": len(news) - added, "left_out": found.exclusions}

    return reply(transaction_import.take(database, portfolio, news, done=_hook(done, reply)))


def _restore(database: Database, user_id: int, data: bytes, done: Done | None) -> Reply:
    try:
        return archive.restore(database, user_id, data, done)
    except FileError as error:
        raise RefusedFileError(f"{error}; nothing was changed") from error


def _hook(done: Done | None, reply: Callable[[int], Reply]) -> Callable[[psycopg.Connection, int], object] | None:
    return None if done is None else lambda connection, added: done(connection, reply(added))


def start(database: Database, user_id: int, wanted: FileImport, data: bytes) -> int:
    """Put the import of a file in, with the file; returns the task's id.

    Raises:
        BusyError: another one of the user's is under way.
    """
    name = f"{FILE_IMPORT.name}:{user_id}"
    with database.connection(answer_within=LONG_TIMEOUT) as connection, connection.transaction():
        queue.lock(connection, name)
        if queue.active(connection, name) is not None:
            raise BusyError("another file of yours is being imported; wait for it, or cancel it")
        files.forget_given(connection, user_id, FILE_IMPORT.name)
        task_id = FILE_IMPORT.defer(connection, asdict(wanted), user_id=user_id, lock=name)
        files.keep(
            connection, task_id, io.BytesIO(data), name=wanted.what, media_type="application/octet-stream", given=True
        )
    return task_id


def run(task: Task) -> None:
    """Import the file that a task was given.

    Raises:
        RefusedError: nothing was imported, for a reason in the file; another run would not help.
    """
    wanted = FileImport(**task.payload)
    task.progress(0, None, "Reading the file")
    data = b"".join(files.parts(task.database, task.id))
    if not data:
        raise RefusedError("gone", "The file is not kept any more, because another one was sent. Send it again.")
    task.progress(0, None, f"Importing {len(data) / 1e6:.1f} MB; all of it or nothing")
    try:
        wanted.take(
            task.database, task.user_id or 0, data, lambda connection, reply: _complete(task, connection, reply)
        )
    except RefusedFileError as error:
        raise RefusedError(
            "invalid", str(error), **{name: value for name, value in error.more.items() if name in TOLD}
        ) from error


def _complete(task: Task, connection: psycopg.Connection, reply: Reply) -> None:
    counted = reply["transactions"] if "transactions" in reply else reply["added"]
    task.check()
    task.complete(connection, reply, f"{counted:,} transactions imported")
