"""Exchange messages: newest prices and running candles, for Redis and through it for every open page."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
import redis

from app.candles.series import RUNNING
from app.live.publish import price_message
from app.providers.exchange import Kline, Ticker
from db.candles.intervals import moment
from db.core import price_log

RUNNING_SECONDS: Final = 180


def price_messages(items: Mapping[str, int], source: str, tickers: Iterable[Ticker]) -> list[dict[str, Any]]:
    """The contract's price messages of tickers; the volume is that of 24 hours."""
    return [
        price_message(items[one.symbol], one.price, one.volume, source, moment(one.time // 1000)) for one in tickers
    ]


def publish(client: redis.Redis, messages: list[dict[str, Any]], running: Mapping[int, Kline]) -> None:
    """Publish prices and set running candles.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    price_log.publish_prices(client, messages, as_array=True)
    pipe = client.pipeline(transaction=False)
    for item, kline in running.items():
        row = [kline.open_time, kline.open, kline.high, kline.low, kline.close, kline.volume, kline.trades]
        pipe.set(RUNNING.format(item), orjson.dumps(row), ex=RUNNING_SECONDS)
    pipe.execute()
