"""Exchange feeds: what the process that runs them says of each, through Redis, for status pages and metrics."""

from collections.abc import Sequence
from typing import Any, Final

import orjson
import redis

from app.settings.providers import PROVIDERS

FEED: Final = "exchange:feed:{}"
"""Redis key of a feed's state, as JSON; it is gone when nobody runs the feed."""
FEED_SECONDS: Final = 30
NAMES: Final = tuple(name for name, entry in PROVIDERS.items() if entry.exchange)
FIGURES: Final = (
    "last_msg_age_ms",
    "reconnects",
    "rest_catchup_candles_total",
    "messages",
    "streams",
    "symbols",
    "queue_depth",
    "off_grid",
    "messages_per_second",
    "final_lateness_ms",
    "behind_count",
    "repairs_waiting",
    "on_demand",
    "left_out",
)
"""Those that are numbers, for Prometheus."""


def states(client: redis.Redis) -> list[dict[str, Any]]:
    """The state of every feed that runs anywhere.

    `exchange`, `ws_state`, `error`, the figures, `set_aside` by kind, `behind` (pairs without a candle for too long: `symbol`,
    `last_candle`, `seconds`), and `connections`.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    texts: Any = client.mget([FEED.format(name) for name in NAMES])
    return [orjson.loads(text) for text in texts if text is not None]


def save(client: redis.Redis, state: dict[str, Any]) -> None:
    """Say how a feed does.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    client.set(FEED.format(state["exchange"]), orjson.dumps(state), ex=FEED_SECONDS)


def ws_state(connections: Sequence[str]) -> str:
    """One word for several connections: open where all are, else what the first other one does; none without any."""
    return next((one for one in connections if one != "open"), "open") if connections else "none"
