"""Binance connection: keeps the streams of some symbols open over cuts, the daily end and the exchange's shutdowns."""

import asyncio
import random
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

import structlog
from websockets.exceptions import InvalidStatus

from app.providers.binance.reader import StreamReader
from app.providers.binance.settings import BinanceSettings
from app.providers.binance.watchdog import Watchdog
from app.providers.binance.websocket import LOST, LostError, StreamSocket
from app.providers.exchange import ConnectionState
from app.providers.http.limiter import RateLimiter

_UNAVAILABLE_FOR_LEGAL_REASONS = 451

log = structlog.get_logger(__name__)


class Connection:
    """One connection, whatever sockets it takes: one at a time, two while one replaces the other.

    `run` is its task. `want` says which symbols it streams; those are subscribed to on each new socket, and said to be connected
    when the exchange has confirmed them. A replaced socket is closed once the new one has confirmed everything and the old one
    has been read to its end; both bring the same meanwhile, which the reader passes once.
    """

    def __init__(self, number: int, settings: BinanceSettings, reader: StreamReader, attempts: RateLimiter) -> None:
        self.number = number
        self.symbols: frozenset[str] = frozenset()
        self._settings = settings
        self._reader = reader
        self._attempts = attempts
        self._watchdog = Watchdog(settings.silence)
        self._wake = asyncio.Event()
        self._socket: StreamSocket | None = None
        self._state: Literal["connecting", "open", "closing", "waiting"] = "connecting"
        self._failures = 0
        self._reconnects = 0
        self._messages = 0

    def want(self, symbols: Iterable[str]) -> None:
        """Stream these from now on, and no others."""
        self.symbols = frozenset(symbols)
        self._wake.set()

    def state(self) -> ConnectionState:
        """What it does now."""
        socket = self._socket
        heard = socket is not None and socket.messages > 0
        return ConnectionState(
            id=self.number,
            state=self._state,
            streams=len(socket.subscribed) if socket is not None else 0,
            symbols=len(self.symbols),
            age=time.monotonic() - socket.heard if socket is not None and heard else None,
            uptime=time.monotonic() - socket.opened if socket is not None else None,
            reconnects=self._reconnects,
            messages=self._messages,
        )

    async def run(self) -> None:
        """Until cancelled."""
        cause, wait = "first connection", 0.0
        while True:
            self._state = "connecting"
            try:
                self._socket = await self._open()
                await self._serve(cause)
            except LOST as error:
                cause = f"connection lost: {_sentence(error)}"
                log.warning("stream connection lost", connection=self.number, reason=_sentence(error))
                wait = max(self._backoff(), _asked_to_wait(error))
            finally:
                await self._close()
            self._state = "waiting"
            self._reconnects += 1
            await asyncio.sleep(wait)

    async def _open(self) -> StreamSocket:
        await self._attempts.acquire()
        return await StreamSocket.open(self._settings, deliver=self._deliver, wake=self._wake.set)

    async def _close(self) -> None:
        socket, self._socket = self._socket, None
        if socket is None:
            return
        self._state = "closing"
        if self._is_proven(socket):
            self._failures = 0
        await socket.aclose()

    def _deliver(self, stream: str, data: Mapping[str, Any]) -> None:
        self._messages += 1
        self._watchdog.hear(stream, self._reader.read(stream, data), time.monotonic())

    async def _serve(self, cause: str) -> None:
        """Keep the open socket as it should be; raises what `LOST` lists when it is lost."""
        lifetime = self._settings.lifetime * random.uniform(0.98, 1)  # noqa: S311 - not all at the same moment
        while (socket := self._socket) is not None:
            await self._reconcile(socket, cause)
            cause = "subscribed"
            self._state = "open"
            await self._sleep_until_woken()
            now = time.monotonic()
            if socket.closed is not None:
                raise LostError(socket.closed)
            if socket.shutdown or now - socket.opened >= lifetime:
                await self._change_over(socket)
            elif now - socket.heard > self._settings.silence:
                raise LostError(f"no message for {now - socket.heard:.0f} s")
            else:
                await self._renew(socket, now)

    async def _sleep_until_woken(self) -> None:
        tick = min(self._settings.silence / 4, self._settings.lifetime / 10)
        try:
            async with asyncio.timeout(tick):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _reconcile(self, socket: StreamSocket, cause: str | None) -> None:
        """Subscribe to what is missing, end what is not wanted any more."""
        wanted = {self._stream(symbol, kind) for symbol in self.symbols for kind in self._settings.streams}
        gone = sorted(socket.subscribed - wanted)
        if gone:
            await socket.unsubscribe(gone)
            self._watchdog.drop(gone)
        missing = wanted - socket.subscribed - socket.refused
        symbols = sorted(symbol for symbol in self.symbols if any(name in missing for name in self._streams(symbol)))
        # Whole symbols: one is connected when the exchange has confirmed all that is asked for it.
        size = max(1, self._settings.batch // len(self._settings.streams))
        for at in range(0, len(symbols), size):
            part = symbols[at : at + size]
            streams = [name for symbol in part for name in self._streams(symbol) if name in missing]
            await socket.subscribe(streams)
            self._watchdog.follow(socket.subscribed.intersection(streams), time.monotonic())
            if cause is not None:
                self._say_connected(part, cause)

    async def _change_over(self, old: StreamSocket) -> None:
        """Open a new socket beside the old one; raises what `LOST` lists when there is none before the old one ends."""
        cause = "the exchange announced its shutdown" if old.shutdown else "the daily end of a connection"
        if self._failures:
            # The one before was just replaced, too: not in a tight loop.
            await asyncio.sleep(self._backoff())
        new: StreamSocket | None = None
        while new is None:
            try:
                new = await self._open_with_streams()
            except LOST as error:
                log.warning("no new connection yet", connection=self.number, reason=_sentence(error))
                if old.closed is not None:
                    raise
                await asyncio.sleep(self._backoff())
        lost = old.closed is not None
        self._socket = new
        self._reconnects += 1
        self._failures = 0 if self._is_proven(old) else self._failures + 1
        try:
            begun = (
                self.symbols
                if lost
                else {name for name in self.symbols if self._streams(name)[0] not in old.subscribed}
            )
            self._say_connected(sorted(begun), cause if lost else "subscribed")
            await old.drain(self._settings.overlap)
        finally:
            await old.aclose()
        log.info("stream connection replaced", connection=self.number, cause=cause, without_gap=not lost)

    async def _open_with_streams(self) -> StreamSocket:
        socket = await self._open()
        try:
            await self._reconcile(socket, None)
        except BaseException:
            await socket.aclose()
            raise
        return socket

    async def _renew(self, socket: StreamSocket, now: float) -> None:
        silent = self._watchdog.silent(now)
        if not silent:
            return
        log.warning("silent streams renewed", connection=self.number, streams=len(silent), first=silent[0])
        await socket.unsubscribe(silent)
        await socket.subscribe(silent)
        candles = {self._stream(symbol, self._settings.streams[0]): symbol for symbol in self.symbols}
        self._say_connected([candles[name] for name in silent if name in candles], "silent stream renewed")

    def _say_connected(self, symbols: Collection[str], cause: str) -> None:
        if symbols:
            self._reader.connected(tuple(symbols), cause)

    def _streams(self, symbol: str) -> list[str]:
        return [self._stream(symbol, kind) for kind in self._settings.streams]

    @staticmethod
    def _stream(symbol: str, kind: str) -> str:
        return f"{symbol.lower()}@{kind}"

    def _is_proven(self, socket: StreamSocket) -> bool:
        """It held for longer than any backoff: the next trouble is a new one."""
        return time.monotonic() - socket.opened > self._settings.backoff_max

    def _backoff(self) -> float:
        wait = min(self._settings.backoff_max, self._settings.backoff * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return wait * random.uniform(0.5, 1)  # noqa: S311 - jitter


def _sentence(error: BaseException) -> str:
    if isinstance(error, InvalidStatus) and error.response.status_code == _UNAVAILABLE_FOR_LEGAL_REASONS:
        return (
            "451, the exchange does not serve this region; wss://data-stream.binance.vision serves public market data"
        )
    return str(error) or type(error).__name__


def _asked_to_wait(error: BaseException) -> float:
    """Seconds of a refused handshake's Retry-After, 0 without one."""
    if not isinstance(error, InvalidStatus):
        return 0.0
    text = error.response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else 0.0
