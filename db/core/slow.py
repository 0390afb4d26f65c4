"""Slow queries: a statement that takes longer than a threshold is named in the log, by its shape."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import psycopg
import structlog

log = structlog.get_logger(__name__)

LONGEST: Final = 500
"""Characters of a shape."""
_LITERAL: Final = re.compile(r"'(?:[^']|'')*+'?|(?<![\w$.])\d+(?:\.\d+)?")
_SKIPPED: Final = ("psycopg", "contextlib", "db.core.slow", "db.core.pool")


class TimedCursor(psycopg.Cursor[Any]):
    """A cursor that times its statements, until their rows have come; COPY is not timed."""

    slow_after: ClassVar[float] = 0.0
    """Seconds from which a statement is slow; 0: none is. Each pool has a class of its own."""

    def execute(self, query: Any, *args: Any, **options: Any) -> Any:
        """Run a statement."""
        with self._timed(query):
            return super().execute(query, *args, **options)

    def executemany(self, query: Any, *args: Any, **options: Any) -> None:
        """Run a statement once for each of many parameters."""
        with self._timed(query):
            super().executemany(query, *args, **options)

    @contextmanager
    def _timed(self, query: Any) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - begun
            if 0 < self.slow_after <= seconds:
                log.warning("slow query", ms=round(1000 * seconds, 1), query=self._shape_of(query), at=_place())

    def _shape_of(self, query: Any) -> str:
        text = query.as_string(self) if isinstance(query, psycopg.sql.Composable) else query
        return shape(text if isinstance(text, str) else bytes(text).decode("utf-8", "replace"))


def shape(statement: str) -> str:
    """The statement in one line without values: its literals as `?`, its parameters as the placeholders they are."""
    found = " ".join(_LITERAL.sub("?", statement).split())
    return found if len(found) <= LONGEST else f"{found[:LONGEST]}…"


def _place() -> str:
    """Module and line of the code that asked."""
    frame = sys._getframe(1)  # noqa: SLF001  # the documented way without a whole traceback
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith(_SKIPPED):
        frame = frame.f_back
    return f"{frame.f_globals.get('__name__')}:{frame.f_lineno}"
