"""A benchmark's own PostgreSQL, with the newest schema and nothing in it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from db.core import migrate
from db.core.pool import Database
from db.embedded.servers import Embedded


@contextmanager
def own_database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        embedded = Embedded(Path(folder) / "data", redis=False).start()
        try:
            url = embedded.endpoints().database_url
            migrate.upgrade(url)
            database = Database(url, size=4)
            yield database
            database.close()
        finally:
            embedded.stop()
