import pytest

from jobs.pauses import doubled_pause


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 60.0), (2, 120.0), (6, 1_920.0), (7, 3_600.0), (8, 3_600.0), (100_000, 3_600.0)]
)
def test_a_pause_doubles_with_each_failure_up_to_the_longest(failures: int, seconds: float) -> None:
    assert doubled_pause(60, 3_600, failures) == seconds


@pytest.mark.parametrize(("asked", "seconds"), [(None, 120.0), (0.0, 120.0), (119.0, 120.0), (7_200.0, 7_200.0)])
def test_what_a_source_asks_for_is_waited_in_full(asked: float | None, seconds: float) -> None:
    assert doubled_pause(60, 3_600, 2, asked=asked) == seconds


def test_a_first_pause_is_no_longer_than_the_longest() -> None:
    assert doubled_pause(60, 30, 1) == 30
