"""What a 4xx means."""

import httpx

from app.providers.base import ProviderError
from app.providers.http.replies import error_text

_ERROR_BODY = 4096


async def refusal(what: str, response: httpx.Response) -> ProviderError:
    """The error of a 4xx: whose fault it is, and the market's own words where they are short."""
    start = b""
    async for chunk in response.aiter_bytes(_ERROR_BODY):
        start = chunk
        break
    status = response.status_code
    said = error_text(start)
    message = f"{what}: status {status}" + (f", {said}" if said else "")
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
