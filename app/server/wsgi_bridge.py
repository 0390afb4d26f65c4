"""WSGI bridge: runs Flask in worker threads; no thread waits for a client.

The body is read whole before a thread is taken, and an answer is sent when it is whole. a2wsgi asks the event loop for
the request's body and hands it each part of the answer, waiting every time. With other threads busy each wait may take
Python's switch interval, 5 ms.
"""

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import IO, Any, Final

from a2wsgi.wsgi import WSGIMiddleware, WSGIResponder, build_environ
from a2wsgi.wsgi_typing import WSGIApp

from app.security.access import Group
from app.security.policy import ROUTES
from app.security.refusal import Refusal
from app.server.answers import refusal_answer
from app.server.bounds import SLICE
from app.server.concurrency import HOLD_SECONDS, MAX_CONCURRENT, ConcurrencyLimit, Slot
from app.server.connections import Connections
from app.server.request_body import DisconnectedError, request_body
from app.server.shared_files import Answer, SharedFiles
from app.tasks.waiting import AWAITED, WAITER, Waiter
from app.tasks.waiting import Answer as TaskAnswer
from app.telemetry.access import known_method, log_request

Send = Callable[[Any], Awaitable[None]]
BODY_HEADERS: Final = frozenset({b"content-type", b"content-length", b"content-encoding", b"location"})
MAX_BUFFERED: Final = 32 * 1024 * 1024
"""Bytes of an answer that are buffered until it is complete; what is longer is sent as it comes, and its thread waits."""
OPERATIONS: Final = frozenset(path for (_, path), row in ROUTES.items() if row.group is Group.OPERATIONS)
"""Paths that threads of their own answer, whatever the others wait for."""
OPERATION_THREADS: Final = 2


class Bridge(WSGIMiddleware):
    """Callable by an ASGI server for HTTP alone.

    Args:
        app: the WSGI application.
        workers: threads that it may use.
        connections: what the bounds of bodies are counted in.
        largest: the most bytes that a request's body may have, by its path.
        access_log: whether what is refused before the application sees it is logged.
    """

    def __init__(
        self,
        app: WSGIApp,
        workers: int,
        connections: Connections,
        max_body_size: Callable[[str], int],
        *,
        access_log: bool = False,
    ) -> None:
        super().__init__(app, workers)
        self._access_log = access_log
        self._limit = ConcurrencyLimit(MAX_CONCURRENT, HOLD_SECONDS)
        self._connections = connections
        self._max_body_size = max_body_size
        self._files = SharedFiles()
        self.waiter = Waiter()
        self._operations = ThreadPoolExecutor(OPERATION_THREADS, thread_name_prefix="operations")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request: a stored file at once, all else in a worker thread."""
        if (stored := self._files.find(scope)) is not None:
            await send_answer(send, stored)
            return
        async with self._files.building(scope):
            stored = self._files.find(scope)
            deliver = partial(send_answer, send, stored) if stored else await self._answer(scope, receive, send)
        # Sending may take long, and requests for the same file must not wait for this client.
        await deliver()

    async def _answer(self, scope: Any, receive: Any, send: Any) -> Callable[[], Awaitable[None]]:
        """Let the application answer; what is returned sends it."""
        begun = time.perf_counter()
        try:
            async with request_body(scope, receive, self._connections, self._max_body_size(scope["path"])) as (
                body,
                size,
            ):
                responder = _Responder(self.app, send)
                environ = _environ(scope, body, size)
                environ[WAITER] = True
                if scope["path"] in OPERATIONS:
                    await responder.run(self._operations, environ)
                else:
                    async with Slot(self._limit):
                        await responder.run(self.executor, environ)
        except DisconnectedError:
            return _nothing
        except Refusal as refusal:
            if self._access_log:
                seconds = time.perf_counter() - begun
                log_request(method=known_method(scope["method"]), route=None, status=refusal.status, seconds=seconds)
            headers, content = refusal_answer(refusal)
            return partial(send_answer, send, Answer(refusal.status, headers, content))
        if (awaited := environ.get(AWAITED)) and (answer := await self.waiter.wait(awaited)):
            responder.replace(answer)
        responder.share(partial(self._files.store, scope))
        return responder.deliver


class _Responder(WSGIResponder):
    """Runs the application in a thread, and buffers its answer."""

    def __init__(self, app: WSGIApp, send: Send) -> None:
        # Its executor and queue are not used: whole answers need none.
        super().__init__(app, None, send_queue_size=1)  # type: ignore[arg-type]
        self._asgi_send = send
        self._buffered: list[Any] = []
        self._size = 0
        self._streamed = False

    async def run(self, executor: ThreadPoolExecutor, environ: Any) -> None:
        """Let the application answer."""
        context = contextvars.copy_context()
        await self.loop.run_in_executor(executor, context.run, self.wsgi, environ, self.start_response)

    def send(self, message: Any) -> None:
        """Take a part of the answer, in the worker thread."""
        self._buffered.append(message)
        self._size += len(message.get("body", b""))
        if self._size > MAX_BUFFERED:
            held, self._buffered, self._size, self._streamed = self._buffered, [], 0, True
            asyncio.run_coroutine_threadsafe(send_all(self._asgi_send, held), self.loop).result()

    def replace(self, answer: TaskAnswer) -> None:
        """Send another answer in the place of a 202, with its headers but for those of the body."""
        start = self._buffered[0]
        kept = [header for header in start["headers"] if header[0].lower() not in BODY_HEADERS]
        more = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
        headers = [*kept, *more, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer.body))]
        body = {"type": "http.response.body", "body": answer.body}
        self._buffered = [start | {"status": answer.status, "headers": headers}, body]

    def share(self, keep: Callable[[Answer], Answer]) -> None:
        """Let a whole answer be stored for later requests, if it may be."""
        if not self._streamed and self.exc_info is None:
            start, *parts = self._buffered
            body = parts[0]["body"] if len(parts) == 2 else b"".join(part["body"] for part in parts)  # noqa: PLR2004
            shared = keep(Answer(start["status"], start["headers"], body))
            self._buffered = [start | {"headers": shared.headers}, {"type": "http.response.body", "body": shared.body}]

    async def deliver(self) -> None:
        """Send what is left of the answer."""
        await send_all(self._asgi_send, self._buffered)
        if self.exc_info is not None:
            raise self.exc_info[0].with_traceback(self.exc_info[1], self.exc_info[2])


async def _nothing() -> None:
    """Answer a client that has left."""


def _environ(scope: Any, body: IO[bytes], size: int) -> Any:
    """The WSGI environment; a body of unknown length has one now."""
    environ: Any = build_environ(scope, body)  # type: ignore[arg-type]  # it takes anything that is read
    if size:
        environ["CONTENT_LENGTH"] = str(size)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
    return environ


async def send_answer(send: Send, answer: Answer) -> None:
    """Send a whole answer."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send_all(send, [{"type": "http.response.body", "body": answer.body}])


async def send_all(send: Send, messages: Sequence[Any]) -> None:
    """Send the parts of an answer, large ones in slices, so that few bytes wait for a client that reads slowly."""
    for message in messages:
        body = memoryview(message.get("body", b""))
        while len(body) > SLICE:
            await send({"type": "http.response.body", "body": body[:SLICE], "more_body": True})
            body = body[SLICE:]
        await send(message if len(body) == len(message.get("body", b"")) else message | {"body": body})
