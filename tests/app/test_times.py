"""Moments as answers and files write them: in UTC, with a Z, whoever asks and wherever."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.times import rfc3339, rfc3339_second

NEW_YORK = timezone(timedelta(hours=-5))


@pytest.mark.parametrize(
    ("moment", "exact", "second"),
    [
        (datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC), "2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"),
        (datetime(2024, 2, 29, 23, 59, 59, 999_999, UTC), "2024-02-29T23:59:59.999999Z", "2024-02-29T23:59:59Z"),
        (datetime(2024, 2, 29, 19, 0, tzinfo=NEW_YORK), "2024-03-01T00:00:00Z", "2024-03-01T00:00:00Z"),
    ],
)
def test_a_moment_is_written_in_utc(moment: datetime, exact: str, second: str) -> None:
    assert rfc3339(moment) == exact
    assert rfc3339_second(moment) == second
    assert rfc3339_second(moment.timestamp()) == second
    assert datetime.fromisoformat(exact) == moment
