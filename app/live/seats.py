"""Seats: counts the open WebSockets of each address and each user in Redis, for all processes together."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.live.connections import LiveConnections
from db.core.redis import WORKERS

KEY: Final = "live:sockets:{}"
"""Hash: how many each process holds, by its name in `worker:all`."""
KEPT_SECONDS: Final = 300
SAY_EVERY: Final = 30.0
"""Seconds between two reports of all counts, which mend what a flushed Redis or an unheard release left wrong."""
SILENT_SECONDS: Final = 30
"""A process whose heartbeat is older holds nothing: it is gone, and its clients are to find seats elsewhere."""
PATIENCE: Final = 1.0
"""Seconds that a handshake waits for Redis."""
CHUNK: Final = 500

# Takes seats under all of the keys or under none. KEYS: the heartbeats, then the counts. ARGV: process, oldest living heartbeat,
# limit, then what the process holds of each key with the new one: so that nothing is counted twice or lost for good.
_TAKE: Final = f"""
for at = 2, #KEYS do
  local total = tonumber(ARGV[at + 2])
  local held = redis.call('HGETALL', KEYS[at])
  for field = 1, #held, 2 do
    local heard = redis.call('ZSCORE', KEYS[1], held[field])
    if held[field] ~= ARGV[1] then
      if heard and tonumber(heard) >= tonumber(ARGV[2]) then
        total = total + tonumber(held[field + 1])
      else
        redis.call('HDEL', KEYS[at], held[field])
      end
    end
  end
  if total > tonumber(ARGV[3]) then return 0 end
end
for at = 2, #KEYS do
  redis.call('HSET', KEYS[at], ARGV[1], ARGV[at + 2])
  redis.call('EXPIRE', KEYS[at], {KEPT_SECONDS})
end
return 1
"""
# KEYS: counts. ARGV: process, then the count of each key; 0 holds none.
_SAY: Final = f"""
for at = 1, #KEYS do
  if ARGV[at + 1] == '0' then
    redis.call('HDEL', KEYS[at], ARGV[1])
  else
    redis.call('HSET', KEYS[at], ARGV[1], ARGV[at + 1])
    redis.call('EXPIRE', KEYS[at], {KEPT_SECONDS})
  end
end
"""
_log = logging.getLogger(__name__)


class Seats:
    """What this process has open is `connections`' to count; here it is told to the others, and theirs is added.

    While Redis does not answer each process counts for itself.

    Args:
        url: of Redis.
        connections: those of this process, with the limit.
        worker: this process in `worker:all`; empty: it is the only one, and nothing is told.
    """

    def __init__(self, url: str, connections: LiveConnections, worker: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
        self._connections = connections
        self._worker = worker
        self._silent = False

    async def take(self, keys: Sequence[str]) -> bool:
        """Whether all processes together have a seat for each of these keys, which this one has reserved."""
        limit = self._connections.limit
        if not (keys and limit and self._worker):
            return True
        names = [WORKERS, *(KEY.format(key) for key in keys)]
        said = [self._worker, str(time.time() - SILENT_SECONDS), str(limit), *self._counts(keys)]
        try:
            taken: Any = await self._redis.eval(_TAKE, len(names), *names, *said)
        except (RedisError, OSError) as error:
            self._note(error)
            return True
        self._silent = False
        return bool(taken)

    async def say(self, keys: Sequence[str]) -> None:
        """Tell how many connections this process has under these keys."""
        if not (keys and self._connections.limit and self._worker):
            return
        names = [KEY.format(key) for key in keys]
        try:
            await self._redis.eval(_SAY, len(names), *names, self._worker, *self._counts(keys))
        except (RedisError, OSError) as error:
            self._note(error)

    async def keep(self) -> None:
        """Tell all counts over and over, until cancelled."""
        try:
            while True:
                await asyncio.sleep(SAY_EVERY)
                keys = self._connections.keys()
                for start in range(0, len(keys), CHUNK):
                    await self.say(keys[start : start + CHUNK])
        finally:
            await self._redis.aclose()

    def _counts(self, keys: Sequence[str]) -> list[str]:
        return [str(self._connections.count(key)) for key in keys]

    def _note(self, error: Exception) -> None:
        if not self._silent:
            _log.warning("WebSockets are counted in this process alone: Redis does not answer: %s", error)
        self._silent = True
