"""Webhook: one signed message to one receiver, by Standard Webhooks, and what came back; nothing is kept here."""

import asyncio
import base64
import functools
import secrets
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx
from standardwebhooks import Webhook

from app.alerts.addresses import Target
from app.providers.http.replies import retry_after

TIMEOUT: Final = 10.0
"""Seconds for all of it: connection, message and the beginning of the answer."""
READ: Final = 2_048
"""Bytes of an answer that are read."""
EXCERPT: Final = 160
"""Characters of an answer that are kept."""
SECRET_BYTES: Final = 32


class UnreachableError(Exception):
    """There was no answer; the words name the host and nothing else of the address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered: the status, the first printable characters, and the seconds that it wants to be left alone."""

    status: int
    excerpt: str
    wait: float | None


def new_secret() -> str:
    """A secret that signs, as Standard Webhooks writes it."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def signed(message_id: str, at: datetime, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """Headers of a message: HMAC-SHA256 of id, timestamp and body, by each of the secrets."""
    signatures = [Webhook(key).sign(message_id, at, body.decode()) for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def post(target: Target, headers: Mapping[str, str], body: bytes, timeout: float = TIMEOUT) -> Answer:
    """Send a message to one of the target's addresses; redirects are an answer like others, and no proxy is asked.

    Raises:
        UnreachableError: there was no answer in time.
    """
    host = target.url.host
    try:
        return asyncio.run(_within(timeout, target, headers, body))
    except TimeoutError:
        raise UnreachableError(f"{host} did not answer within {timeout:g} s") from None
    except httpx.HTTPError as error:
        raise UnreachableError(f"{host}: {_why(error)}") from None


async def _within(seconds: float, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
    async with asyncio.timeout(seconds), _client() as client:
        *others, last = target.addresses
        for address in others:
            try:
                return await _post(client, target.url, address, headers, body)
            except httpx.ConnectError:
                continue
        return await _post(client, target.url, last, headers, body)


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=TIMEOUT, verify=_tls(), trust_env=False, follow_redirects=False)


async def _post(
    client: httpx.AsyncClient, url: httpx.URL, address: str, headers: Mapping[str, str], body: bytes
) -> Answer:
    """To the address itself; the name is in the Host header, and is what the certificate must be for."""
    sent = {
        **headers,
        "Host": url.netloc.decode(),
        "User-Agent": "Tracera",
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
    }
    request = client.build_request(
        "POST",
        url.copy_with(host=address),
        headers=sent,
        content=body,
        extensions={"sni_hostname": url.raw_host.decode()},
    )
    answer = await client.send(request, stream=True)
    try:
        return Answer(answer.status_code, await _beginning(answer), retry_after(answer.headers, datetime.now(UTC)))
    finally:
        await answer.aclose()


async def _beginning(answer: httpx.Response) -> str:
    """The first characters; as they come, since what is packed may be endless."""
    read = bytearray()
    async for chunk in answer.aiter_raw(READ):
        read += chunk
        if len(read) >= READ:
            break
    words = " ".join(read[:READ].decode(errors="replace").split())
    return "".join(letter for letter in words if letter.isprintable())[:EXCERPT]


def _why(error: httpx.HTTPError) -> str:
    """Without the address, which may hold a secret."""
    if isinstance(error, httpx.ConnectError):
        cause = "its certificate is not good" if "CERTIFICATE" in str(error).upper() else "no connection"
        return f"{cause} ({type(error).__name__})"
    return f"the connection broke ({type(error).__name__})"


@functools.cache
def _tls() -> ssl.SSLContext:
    """Reading the certificate store takes longer than a message: once per process."""
    return httpx.create_ssl_context()
