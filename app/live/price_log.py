"""Price log: reads from Redis what the channel said while nobody listened."""

from typing import Any, Final, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from db.core.price_log import BEGIN_ANEW, HEAD, LOG, fresh_epoch

PAGE: Final = 100
"""Frames read at a time."""


class Head(NamedTuple):
    """Where the numbers stand, and which server said so: another one may have lost some of them."""

    epoch: str
    offset: int
    server: str


class PriceLog:
    """Raises RedisError or OSError where Redis does not answer."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def head(self) -> Head | None:
        """The last number given; None where none was."""
        values: Any = await self._client.hmget(HEAD, ["epoch", "offset"])
        epoch, offset = values
        if epoch is None or offset is None:
            return None
        return Head(epoch.decode(), int(offset), await self._server())

    async def _server(self) -> str:
        """The server's id, which a failover and a restart change; empty where it may not be asked."""
        try:
            about: Any = await self._client.info("server")
        except ResponseError:
            return ""
        return str(about.get("run_id", ""))

    async def begin_anew(self, epoch: str) -> Head | None:
        """End an epoch whose numbers a failover has lost, unless somebody else has done so; where the numbers stand then."""
        await self._client.eval(BEGIN_ANEW, 2, HEAD, LOG, epoch, fresh_epoch())
        return await self.head()

    async def since(self, offset: int) -> tuple[int | None, list[bytes]]:
        """The frames behind an offset, oldest first, and the offset behind which they are complete; None where there are none."""
        frames: list[bytes] = []
        begin, newest = None, "+"
        while True:
            page: Any = await self._client.xrevrange(LOG, newest, "-", PAGE)
            for key, fields in page:
                newest = f"({key.decode()}"
                begin = int(fields[b"first"]) - 1
                frames.append(fields[b"data"])
                if begin <= offset:
                    return begin, frames[::-1]
            if len(page) < PAGE:
                return begin, frames[::-1]
