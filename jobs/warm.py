"""Put back into Redis what a restart of it lost; nothing there is the only copy."""

import redis
import structlog

from db import prices
from db import redis as cache
from db.pool import Database
from jobs.announce import price_message

log = structlog.get_logger(__name__)


def rebuild_latest(database: Database, client: redis.Redis) -> int:
    """Set `price:latest` of every item from PostgreSQL; returns how many."""
    rows = prices.headlines(database)
    messages = [price_message(row["item_id"], row["price"], row["volume"], row["source"], row["time"]) for row in rows]
    try:
        cache.set_latest(client, messages)
    except redis.RedisError as error:
        log.warning("price:latest not rebuilt: Redis does not answer", error=str(error))
        return 0
    return len(messages)
