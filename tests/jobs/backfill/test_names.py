from pathlib import Path

from db.core.pool import Database
from jobs.backfill.run import backfill
from tests.jobs.backfill.test_backfill import HEADER, lines


def test_a_name_that_differs_in_case_alone_means_the_item_that_is_known(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "typed.csv"
    own = "★ Karambit | Doppler (Factory New)"
    path.write_text(HEADER + lines(own))
    backfill(database, [path], "steam")
    path.write_text(HEADER + lines("karambit | doppler (factory new)"))
    again = backfill(database, [path], "steam")
    assert (again.new_items, again.new) == (0, 0)
    path.write_text(HEADER + lines("Karambit | DOPPLER (Factory New)") + lines("karambit | doppler (Factory new)"))
    assert backfill(database, [path], "steam").new_items == 2
