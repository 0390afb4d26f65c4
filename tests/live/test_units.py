from collections.abc import Callable

import orjson
import pytest
from websockets.frames import Frame
from websockets.streams import StreamReader

from app.live.binary import MAX_ROWS, record, records_frame
from app.live.protocol import text_frame
from app.live.rate import Meter, TokenBucket


def clock_of(times: list[float]) -> Callable[[], float]:
    return lambda: times[-1]


@pytest.mark.parametrize("size", [0, 100, 117, 118, 200, 65_000, 66_000, 70_000])
def test_frames_of_every_length_are_understood(size: int) -> None:
    message = {"a": "x" * size}
    reader = StreamReader()
    reader.feed_data(text_frame(message))
    parsing = Frame.parse(reader.read_exact, mask=False, max_size=None)
    with pytest.raises(StopIteration) as parsed:
        next(parsing)
    assert orjson.loads(parsed.value.value.data) == message
    assert not reader.buffer


def test_a_binary_frame_has_no_room_for_more_than_it_can_count() -> None:
    with pytest.raises(ValueError, match="65536 records"):
        records_frame([record(1, 1, 1.0)] * (MAX_ROWS + 1))


def test_a_bucket_allows_a_burst_and_refills() -> None:
    times = [0.0]
    bucket = TokenBucket(rate=2.0, burst=3.0, clock=clock_of(times))
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    times.append(0.5)
    assert [bucket.take(), bucket.take()] == [True, False]
    times.append(100.0)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_a_meter_counts_whole_seconds_and_forgets() -> None:
    times = [100.0]
    meter = Meter(clock_of(times))
    meter.add(30)
    assert meter.per_second() == 0.0
    times.append(101.0)
    meter.add(20)
    times.append(102.5)
    assert meter.per_second() == 5.0
    times.append(110.9)
    assert meter.per_second() == 5.0
    times.append(111.0)
    assert meter.per_second() == 2.0
    times.append(130.0)
    assert meter.per_second() == 0.0
    assert meter.total == 50
