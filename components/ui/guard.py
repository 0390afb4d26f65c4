"""Database errors of callbacks: what is shown while the database is down, without losing what is on the screen."""

from collections.abc import Callable
from typing import Any

import structlog
from dash import no_update

from components.ui.page import Children, database_down
from db.core.pool import DatabaseDownError

log = structlog.get_logger(__name__)


def guarded(render: Callable[[], Children], *, keep: bool, retry: str | dict[str, str] | None = None) -> Any:
    """What `render` makes. Where the database is down: what is shown already (`keep`), else the error state."""
    try:
        return render()
    except DatabaseDownError as error:
        log.warning("nothing to show: the database does not answer", error=str(error))
        return no_update if keep else database_down(retry=retry)
