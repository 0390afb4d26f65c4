"""Real HTTP servers on real ports, for providers that answer as the real ones do."""

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask, request
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response as Answer

Odd = dict[str, Callable[[], Answer]]
"""What a stand-in answers in place of the truth, by the name of the view."""


def answer_oddly(server: Flask, odd: Odd) -> None:
    """Let a stand-in say what its test wants."""

    @server.before_request
    def twist() -> Answer | None:
        return odd[request.endpoint]() if request.endpoint in odd else None


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Run an application on a free port; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def challenge_holds(verifier: str, challenge: str) -> bool:
    """Whether a PKCE verifier belongs to an S256 challenge (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
