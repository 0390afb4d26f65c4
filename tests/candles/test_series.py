"""Candles with the minute that runs, read while minutes end."""

from threading import Event, Thread

import numpy as np
import orjson
import pytest
import redis

from app.candles import series
from app.candles.series import RUNNING
from db.candles import symbols
from db.candles.read import Span
from db.core.pool import Database
from tests.candles.test_store import MONDAY, keep, minutes, pair

COUNT = 300


@pytest.mark.parametrize("interval", ["1m", "1d"])
def test_a_minute_that_ends_is_neither_left_out_nor_counted_twice(
    database: Database, redis_client: redis.Redis, interval: str
) -> None:
    made, item, over = minutes(COUNT), pair(database), Event()
    made.volume[:] = 1
    keep(database, item, made.take(np.arange(1)))

    def trade() -> None:
        """As a feed does: a final candle is stored, then the next one is said to run."""
        for number in range(1, COUNT):
            one = made.take(np.arange(number, number + 1))
            redis_client.set(RUNNING.format(item), orjson.dumps([int(value) for value in one.rows()[0]]))
            keep(database, item, one)
        over.set()

    known = symbols.find(database, "BTCUSDT")
    assert known
    writer = Thread(target=trade)
    writer.start()
    read = 0
    while not over.is_set():
        found = series.load(database, redis_client, known, interval, Span(None, None, COUNT)).columns
        sizes = int(found.volume.sum())
        if interval == "1m":
            assert found.open_time.tolist() == [MONDAY + 60 * n for n in range(len(found))]
            assert sizes == len(found)
        else:
            assert found.close[-1] == made.close[sizes - 1], "as many minutes as their last close says"
        assert sizes >= read
        read = sizes
    writer.join()
