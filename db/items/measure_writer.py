"""Measure writer: whose measures the stored ones are, so that a job notices when another one wrote them."""

from uuid import UUID

from db.core.pool import Database

CLAIM = """
WITH before AS (SELECT run FROM measure_writer FOR UPDATE)
UPDATE measure_writer w SET run = gen_random_uuid() FROM before RETURNING before.run AS before, w.run AS now
"""


def claim(database: Database) -> tuple[UUID, UUID]:
    """Begin a run; returns the name of the one before, whosever it was, and this one's."""
    row = database.row(CLAIM)
    if row is None:
        raise LookupError("measure_writer has no row: the schema is not whole")
    return row["before"], row["now"]
