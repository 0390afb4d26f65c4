"""Requests on kept-alive connections, as many as the server answers, and how long each took."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import cast

import uvloop

CONNECTIONS = 8


@dataclass(frozen=True)
class Ask:
    """One request; a body makes it a POST of JSON."""

    path: str
    body: bytes = b""

    def encoded(self, encoding: str) -> bytes:
        """The bytes on the wire; `encoding` is what the client accepts, empty for no header."""
        head = f"{'POST' if self.body else 'GET'} {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        if encoding:
            head += f"Accept-Encoding: {encoding}\r\n"
        if self.body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n"
        return head.encode() + b"\r\n" + self.body


@dataclass(frozen=True)
class Measured:
    """What one run showed: latencies in seconds, ascending."""

    seconds: float
    latencies: list[float]
    size: float
    failures: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


class Client(asyncio.Protocol):
    """One connection: the next request goes out when the answer before it is complete."""

    def __init__(self, requests: Sequence[bytes], seed: int) -> None:
        self._requests = requests
        self._chance = random.Random(seed)
        self._buffer = bytearray()
        self._missing = -1
        self._begun = 0.0
        self.latencies: list[float] = []
        self.taken = 0
        self.failures: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not asyncio's by inheritance.
        self.transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self.taken += len(data)
        if self._missing > 0:
            self._missing -= len(data)
        else:
            self._buffer += data
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._missing = self._length(bytes(self._buffer[:end]).lower()) - (len(self._buffer) - end - 4)
        if self._missing <= 0:
            self.latencies.append(time.perf_counter() - self._begun)
            self._send()

    def _length(self, head: bytes) -> int:
        if not head.startswith(b"http/1.1 200"):
            self.failures.append(head.split(b"\r\n", 1)[0].decode())
        _, found, rest = head.partition(b"\r\ncontent-length:")
        if not found:
            raise ValueError("an answer without Content-Length")
        return int(rest.split(b"\r\n", 1)[0])

    def _send(self) -> None:
        self._buffer.clear()
        self._missing = -1
        self._begun = time.perf_counter()
        self.transport.write(self._chance.choice(self._requests))


async def _run(port: int, requests: Sequence[bytes], seconds: float) -> Measured:
    loop = asyncio.get_running_loop()
    clients = []
    begun = time.perf_counter()
    for seed in range(CONNECTIONS):
        _, client = await loop.create_connection(lambda seed=seed: Client(requests, seed), "127.0.0.1", port)  # type: ignore[misc]
        clients.append(client)
    await asyncio.sleep(seconds)
    spent = time.perf_counter() - begun
    latencies = sorted(latency for client in clients for latency in client.latencies)
    failures = [failure for client in clients for failure in client.failures]
    for client in clients:
        client.transport.abort()
    return Measured(spent, latencies, sum(client.taken for client in clients) / max(1, len(latencies)), failures)


def _child(port: int, requests: Sequence[bytes], seconds: float) -> Measured:
    return uvloop.run(_run(port, requests, seconds))


def load(port: int, asked: Sequence[Ask], seconds: float, encoding: str) -> Measured:
    """Ask these in random order for so long, over 8 connections, from a process of its own."""
    requests = [ask.encoded(encoding) for ask in asked]
    with get_context("spawn").Pool(1) as pool:
        found = pool.apply(_child, (port, requests, seconds))
    if found.failures:
        raise RuntimeError(f"{len(found.failures)} answers were not 200: {found.failures[0]}")
    return found
