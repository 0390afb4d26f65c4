"""The upstream server over real HTTP, for tests and by hand.

`python -m tests.upstream.server --snapshot FILE --page-size 100 --port 9000` answers like every market at once; point
TRACERA_<PROVIDER>_URL at the address it prints.
"""

import argparse
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from tests.upstream.app import UpstreamApp
from tests.upstream.data import World, load_snapshot, synthetic

_START_UP = 10.0


@contextmanager
def running(world: World, *, port: int = 0) -> Iterator[tuple[str, UpstreamApp]]:
    """The server's address and its application, in a thread, on a free loopback port unless one is given."""
    app = UpstreamApp(world)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(256)
        server = uvicorn.Server(_config(app))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        deadline = time.monotonic() + _START_UP
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the upstream server did not start")
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", app
        finally:
            server.should_exit = True
            thread.join(_START_UP)


def _config(app: UpstreamApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=0,
        server_header=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Answers like every market, from recorded prices.")
    parser.add_argument("--snapshot", type=Path, help="a file of steam_sellprice_snapshots; invented items without it")
    parser.add_argument("--items", type=int, default=2000, help="how many items to invent (%(default)s)")
    parser.add_argument("--page-size", type=int, default=10, help="items on a search page (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="a free one by default")
    options = parser.parse_args()
    items = load_snapshot(options.snapshot) if options.snapshot else synthetic(options.items)
    with running(World(items, page_size=options.page_size), port=options.port) as (url, _):
        print(f"{len(items)} items at {url}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
