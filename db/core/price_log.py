"""Price log: numbers published prices in Redis and keeps the newest, so that who missed some can read them again."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import uuid4

import orjson
import redis

from db.core.redis import PRICES

HEAD: Final = "live:{prices}:head"
"""Hash: `epoch`, which names one row of numbers, and `offset`, the last number given. The braces keep both keys on one node."""
LOG: Final = "live:{prices}:log"
"""Stream of frames: `first`, the offset of the first message, and `data`, an array of messages."""
KEPT_SECONDS: Final = 120
MOST_FRAMES: Final = 5_000
"""Frames that are kept at most, however many come in `KEPT_SECONDS`."""
FRAME: Final = 500
"""Messages of one frame: what one call of the script numbers, keeps and publishes."""

# Numbers are written into the JSON as text: decoding and encoding it in Lua would change what it says (null, 1e15).
_PUBLISH: Final = f"""
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then
  epoch = ARGV[1]
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'offset', 0)
  redis.call('DEL', KEYS[2])
end
local count = #ARGV - 3
local last = redis.call('HINCRBY', KEYS[1], 'offset', count)
local first = last - count + 1
local now = redis.call('TIME')
local published = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
local numbered = {{}}
for at = 1, count do
  numbered[at] = string.format('{{"epoch":"%s","offset":%.0f,"published":%s,', epoch, first + at - 1, published) .. string.sub(ARGV[at + 3], 2)
end
local data = '[' .. table.concat(numbered, ',') .. ']'
local oldest = string.format('%.0f', (now[1] - {KEPT_SECONDS}) * 1000)
redis.call('XADD', KEYS[2], 'MINID', '~', oldest, '*', 'first', string.format('%.0f', first), 'data', data)
if redis.call('XLEN', KEYS[2]) > {MOST_FRAMES} then redis.call('XTRIM', KEYS[2], 'MAXLEN', '~', {MOST_FRAMES}) end
redis.call('EXPIRE', KEYS[2], {2 * KEPT_SECONDS})
if ARGV[3] == 'array' then
  redis.call('PUBLISH', ARGV[2], data)
else
  for at = 1, count do redis.call('PUBLISH', ARGV[2], numbered[at]) end
end
return last
"""
BEGIN_ANEW: Final = """
if redis.call('HGET', KEYS[1], 'epoch') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'offset', 0)
  redis.call('DEL', KEYS[2])
end
return redis.call('HGET', KEYS[1], 'epoch')
"""
"""Ends an epoch (ARGV[1]), of which a failover has lost numbers; of several that ask, one begins the next (ARGV[2])."""


def fresh_epoch() -> str:
    """A name that no epoch had before."""
    return uuid4().hex[:16]


def publish_prices(client: redis.Redis, messages: Iterable[Mapping[str, Any]], *, as_array: bool = False) -> None:
    """Number price messages, keep them in the log and publish them, each alone or as arrays.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    script = client.register_script(_PUBLISH)
    form = "array" if as_array else "single"
    texts = [orjson.dumps(message) for message in messages]
    for start in range(0, len(texts), FRAME):
        script(keys=[HEAD, LOG], args=[fresh_epoch(), PRICES, form, *texts[start : start + FRAME]])
