"""Binance HTTP: the market client, with the exchange's weights, bans and numbered errors."""

import httpx
import orjson
import structlog

from app.providers.base import ProviderError
from app.providers.binance.clock import ServerClock
from app.providers.binance.settings import BinanceSettings
from app.providers.http.client import MarketHttp
from app.providers.http.limiter import RateLimiter
from app.providers.http.options import HttpOptions

_BANNED = 418
_MINUTE = 60_000
_LONGEST_BAN = 7 * 86_400
_ERROR_BODY = 4096

log = structlog.get_logger(__name__)


class RefusedError(ProviderError):
    """A request that the exchange refused with a number of its own, such as -1121 for a symbol that it does not know."""

    def __init__(self, message: str, *, code: int, status: int) -> None:
        super().__init__("http", message, status=status)
        self.code = code


class BinanceHttp(MarketHttp):
    """Requests to the exchange, within its budget of weight.

    The budget is the address's, not the process's: what the exchange counted stands in each reply and decides. Its count
    begins anew with each minute of its clock. A request while little is left waits for that.
    """

    def __init__(self, name: str, settings: BinanceSettings, clock: ServerClock) -> None:
        options = HttpOptions(
            read_timeout=settings.request_timeout,
            attempts=settings.request_attempts,
            patience=settings.patience,
        )
        # Without any reply to count by, as many as the cheapest requests (weight 2) could be.
        limiter = RateLimiter(max(1, settings.weight_budget // 2), 60.0)
        super().__init__(name, settings.rest_url, limiter=limiter, options=options)
        self.used_weight: int | None = None
        self._enough = settings.weight_budget - settings.weight_reserve
        self._clock = clock

    async def _check_status(self, what: str, response: httpx.Response) -> None:
        self._count(response.headers)
        status = response.status_code
        if status in {httpx.codes.TOO_MANY_REQUESTS, _BANNED}:
            wait = _wait(response.headers)
            meaning = "banned for asking too much" if status == _BANNED else "too many requests"
            log.warning("exchange asked to be left alone", provider=self.name, status=status, seconds=wait)
            raise self.throttled(f"{what}: {status}, {meaning}", wait)
        if status == httpx.codes.UNAVAILABLE_FOR_LEGAL_REASONS:
            raise ProviderError(
                "http",
                f"{what}: 451, the exchange does not serve this region; public market data are at "
                "https://data-api.binance.vision and wss://data-stream.binance.vision",
                status=status,
            )
        if status == httpx.codes.BAD_REQUEST:
            raise await _refusal(what, response)
        await super()._check_status(what, response)

    def _count(self, headers: httpx.Headers) -> None:
        text = headers.get("x-mbx-used-weight-1m", "")
        if not (text.isascii() and text.isdigit()):
            return
        self.used_weight = int(text)
        if self.used_weight >= self._enough:
            now = self._clock.now()
            left = _MINUTE if now is None else _MINUTE - now % _MINUTE
            log.info("budget of weight used up", provider=self.name, used=self.used_weight, seconds=left / 1000)
            self.limiter.pause(left / 1000)


def _wait(headers: httpx.Headers) -> float | None:
    """Seconds of Retry-After, which this exchange gives as a number; bans last up to three days."""
    text = headers.get("retry-after", "").strip()
    if not (text.isascii() and text.isdigit()) or int(text) == 0:
        return None
    return float(min(int(text), _LONGEST_BAN))


async def _refusal(what: str, response: httpx.Response) -> ProviderError:
    body = b""
    async for chunk in response.aiter_bytes(_ERROR_BODY):
        body = chunk
        break
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("code"), int):
        return ProviderError("http", f"{what}: status {response.status_code}", status=response.status_code)
    text = "".join(letter for letter in str(value.get("msg", "")) if letter.isprintable())[:200]
    return RefusedError(f"{what}: {text} ({value['code']})", code=value["code"], status=response.status_code)
