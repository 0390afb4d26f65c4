"""Flask behind uvicorn: a request crosses to its worker thread once and back once, however many parts its answer has.

a2wsgi asks the event loop for the request's body and hands it each part of the answer, waiting every time. With other
threads busy each wait may take Python's switch interval, 5 ms.
"""

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi import Body, WSGIResponder, build_environ
from a2wsgi.wsgi_typing import WSGIApp

from app.live.turns import AT_ONCE, LONG, Turn, Turns

HELD: Final = 1024 * 1024
"""Bytes of an answer that are kept until it is complete; what is longer, or of unknown length, is sent as it comes."""
_BODIES: Final = (b"content-length", b"transfer-encoding")


class Bridge(WSGIMiddleware):
    """Callable by an ASGI server for HTTP alone."""

    def __init__(self, app: WSGIApp, workers: int) -> None:
        super().__init__(app, workers)
        self._turns = Turns(AT_ONCE, LONG)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request in a worker thread."""
        await _Responder(self.app, self.executor, self._turns)(scope, receive, send)


class _Responder(WSGIResponder):
    def __init__(self, app: WSGIApp, executor: ThreadPoolExecutor, turns: Turns) -> None:
        super().__init__(app, executor, send_queue_size=1)
        self._turns = turns

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self._asgi_send = send
        self._held: list[Any] = []
        self._size = 0
        self._streams = False
        body = Body(self.loop, receive)
        if any(name in _BODIES for name, _ in scope["headers"]):
            # The first part, mostly all of it: a client that sends slowly does not occupy a thread meanwhile.
            message = await receive()
            body.buffer.extend(message.get("body", b""))
            body._has_more = message.get("more_body", False)  # noqa: SLF001 - as its own reader does
        environ = build_environ(scope, body)
        context = contextvars.copy_context()
        async with Turn(self._turns):
            await self.loop.run_in_executor(self.executor, context.run, self.wsgi, environ, self.start_response)
        await self._write(self._held)
        if self.exc_info is not None:
            raise self.exc_info[0].with_traceback(self.exc_info[1], self.exc_info[2])

    def send(self, message: Any) -> None:
        """Take a part of the answer, in the worker thread."""
        self._held.append(message)
        if message["type"] == "http.response.start":
            self._streams = all(name != b"content-length" for name, _ in message["headers"])
            return
        self._size += len(message["body"])
        if self._streams or self._size > HELD:
            held, self._held, self._size = self._held, [], 0
            asyncio.run_coroutine_threadsafe(self._write(held), self.loop).result()

    async def _write(self, messages: list[Any]) -> None:
        for message in messages:
            await self._asgi_send(message)
