"""Client errors: what a market's 4xx reply means."""

import httpx

from app.providers.base import ProviderError
from app.providers.http.replies import error_text

_ERROR_BODY = 4096


async def client_error(what: str, response: httpx.Response) -> ProviderError:
    """The error of a 4xx: its kind, and the market's own message where that is short."""
    start = b""
    async for chunk in response.aiter_bytes(_ERROR_BODY):
        start = chunk
        break
    status = response.status_code
    text = error_text(start)
    message = f"{what}: status {status}" + (f", {text}" if text else "")
    if status == httpx.codes.UNAUTHORIZED:
        return ProviderError("auth", f"{message} (the key is missing or not accepted)", status=status)
    if status == httpx.codes.FORBIDDEN:
        if "html" not in response.headers.get("content-type", "").lower():
            return ProviderError("auth", message, status=status)
        guard = "Cloudflare" if _is_cloudflare(response.headers, start) else "its bot protection"
        return ProviderError("http", f"{message}: {guard} refuses requests from this address", status=status)
    return ProviderError("http", message, status=status)


def _is_cloudflare(headers: httpx.Headers, body: bytes) -> bool:
    return "cf-ray" in headers or headers.get("server", "").lower() == "cloudflare" or b"cloudflare" in body.lower()
