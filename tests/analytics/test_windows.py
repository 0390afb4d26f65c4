from datetime import UTC, datetime

import numpy as np
import pytest

from app.analytics import WINDOWS, Window, bucket_edges


def test_the_four_windows() -> None:
    got = {window.name: (window.seconds, window.bucket_seconds, window.buckets) for window in WINDOWS.values()}
    assert got == {
        "1h": (3600, 300, 12),
        "24h": (86_400, 3600, 24),
        "7d": (604_800, 3600, 168),
        "30d": (2_592_000, 3600, 720),
    }
    assert list(got) == list(WINDOWS)


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
@pytest.mark.parametrize("as_of", [1_733_000_000, 1_733_000_123.75, 1_733_004_000, 1_733_003_999.999, 100])
def test_the_last_bucket_contains_the_moment(window: Window, as_of: float) -> None:
    edges = bucket_edges(window, as_of)
    assert edges.shape == (window.buckets + 1,)
    assert edges[-2] <= as_of < edges[-1]
    assert set(np.diff(edges)) == {window.bucket_seconds}
    assert edges[-1] - edges[0] == window.seconds


def test_buckets_begin_on_the_hour() -> None:
    edges = bucket_edges(WINDOWS["24h"], datetime(2024, 12, 13, 10, 30, tzinfo=UTC).timestamp())
    assert datetime.fromtimestamp(float(edges[-2]), UTC) == datetime(2024, 12, 13, 10, tzinfo=UTC)
    assert datetime.fromtimestamp(float(edges[0]), UTC) == datetime(2024, 12, 12, 11, tzinfo=UTC)
