"""Market client: HTTP requests with rate limits, checks and retries in one place.

A market's reply is hostile until shown otherwise: it may be huge, endless, cut off, HTML, or a redirect.
"""

import asyncio
import functools
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import stamina

from app.providers.base import ProviderError
from app.providers.http.bodies import BodyError, Unpacker
from app.providers.http.client_errors import client_error
from app.providers.http.limiter import RateLimiter
from app.providers.http.options import HttpOptions
from app.providers.http.replies import Reply, check_content_type, retry_after

_USER_AGENT = "Mozilla/5.0 (compatible; Tracera/0.1)"
_MAX_BACKOFF = 3600.0


class _TransientError(Exception):
    """Worth another try; carries what to report when the tries run out."""

    def __init__(self, reason: ProviderError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class MarketHttp:
    """Requests to one market, through its rate limiter.

    Connections are opened by the first request and again after `aclose`; they belong to the event loop that opened
    them.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        limiter: RateLimiter,
        options: HttpOptions | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{name}: {base_url!r} is not an http or https address")
        self.name = name
        self.limiter = limiter
        self._base = base_url.rstrip("/")
        self._options = options or HttpOptions()
        self._headers = {
            "User-Agent": _USER_AGENT,
            "Accept": "application/json",
            "Accept-Encoding": "br, gzip",
            **(headers or {}),
        }
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._throttles = 0
        self._calm = True

    async def get(self, path: str, query: str = "", *, headers: Mapping[str, str] | None = None) -> Reply:
        """GET `path` with a query that is already encoded. Redirects are not followed.

        Network errors and 5xx are tried again with backoff and jitter; 429 never is.

        Raises:
            ProviderError: `throttled` (429, or still paused), `schema` (3xx, a content type that is not JSON, a body
                that does not unpack), `too_large`, `auth` (401, 403 with JSON), `http` (other statuses), `network`.
        """
        self._refuse_while_paused()
        url = f"{self._base}{path}?{query}" if query else f"{self._base}{path}"
        what = f"{self.name}: GET {path}"
        retries = stamina.retry_context(
            on=_TransientError,
            attempts=self._options.attempts,
            timeout=None,
            wait_initial=self._options.retry_wait,
            wait_max=self._options.retry_wait_max,
            wait_jitter=self._options.retry_wait,
        )
        reply: Reply | None = None
        try:
            async for attempt in retries:
                with attempt:
                    reply = await self._attempt(what, url, headers or {})
        except _TransientError as error:
            raise error.reason from error
        if reply is None:
            raise ProviderError("network", f"{what}: no attempt was made")
        # A market may refuse by a reply that looks good (an empty page): only the second good one in a row counts.
        if self._calm:
            self._throttles = 0
        self._calm = True
        return reply

    def throttled(self, message: str, seconds: float | None = None) -> ProviderError:
        """The error for a market that wants to be left alone; pauses the limiter for `seconds` or the backoff."""
        self._calm = False
        if seconds is None:
            seconds = min(self._options.throttle_pause * 2**self._throttles, _MAX_BACKOFF)
            self._throttles = min(self._throttles + 1, 16)
        self.limiter.pause(seconds)
        return ProviderError("throttled", message, retry_after=seconds)

    async def aclose(self) -> None:
        """Close the connections; a client of an event loop that is gone has none left to close."""
        client, loop = self._client, self._loop
        self._client = self._loop = None
        if client is not None and loop is asyncio.get_running_loop():
            await client.aclose()

    def _refuse_while_paused(self) -> None:
        left = self.limiter.paused_for()
        if left > self._options.patience:
            raise ProviderError("throttled", f"{self.name}: paused for another {left:.0f} s", retry_after=left)

    def _open(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            timeout = httpx.Timeout(self._options.read_timeout, connect=self._options.connect_timeout)
            self._client = httpx.AsyncClient(headers=self._headers, timeout=timeout, verify=_tls())
            self._loop = loop
        return self._client

    async def _attempt(self, what: str, url: str, headers: Mapping[str, str]) -> Reply:
        await self.limiter.acquire()
        limit = self._options.total_timeout
        try:
            async with (
                asyncio.timeout(limit),
                self._open().stream("GET", url, headers=dict(headers)) as response,
            ):
                await self._check_status(what, response)
                body = b"" if response.status_code == httpx.codes.NOT_MODIFIED else await self._read(what, response)
        except TimeoutError as error:
            raise _TransientError(ProviderError("network", f"{what}: no complete reply in {limit:g} s")) from error
        except httpx.TransportError as error:
            reason = f"{what}: {type(error).__name__} {error}".rstrip()
            raise _TransientError(ProviderError("network", reason)) from error
        return Reply(what, response.status_code, response.headers, body, datetime.now(UTC))

    async def _check_status(self, what: str, response: httpx.Response) -> None:
        status = response.status_code
        if status == httpx.codes.OK:
            if self._options.json_only:
                check_content_type(what, response.headers)
        elif status == httpx.codes.TOO_MANY_REQUESTS:
            wait = retry_after(response.headers, datetime.now(UTC))
            raise self.throttled(f"{what}: 429, too many requests", wait)
        elif status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise self._server_error(what, response)
        elif status >= httpx.codes.BAD_REQUEST:
            raise await client_error(what, response)
        elif status != httpx.codes.NOT_MODIFIED:
            target = urlsplit(response.headers.get("location", ""))
            raise ProviderError("schema", f"{what}: {status} to {target.netloc}{target.path} where JSON was expected")

    def _server_error(self, what: str, response: httpx.Response) -> Exception:
        wait = retry_after(response.headers, datetime.now(UTC))
        error = ProviderError(
            "http", f"{what}: status {response.status_code}", retry_after=wait, status=response.status_code
        )
        if wait is None:
            return _TransientError(error)
        # The market says when to come back: coming earlier would only add to its trouble.
        self.limiter.pause(wait)
        return error

    async def _read(self, what: str, response: httpx.Response) -> bytes:
        limit = self._options.max_body
        too_large = ProviderError("too_large", f"{what}: more than {limit} bytes")
        declared = response.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            raise too_large
        body = bytearray()
        try:
            unpacker = Unpacker(response.headers.get("content-encoding", "").strip().lower())
            async for chunk in response.aiter_raw():
                for piece in unpacker.feed(chunk):
                    body += piece
                    if len(body) > limit:
                        raise too_large
            unpacker.finish()
        except BodyError as error:
            raise ProviderError("schema", f"{what}: {error}") from error
        return bytes(body)


@functools.cache
def _tls() -> ssl.SSLContext:
    """Reading the certificate store takes longer than a request: once per process."""
    return httpx.create_ssl_context()
