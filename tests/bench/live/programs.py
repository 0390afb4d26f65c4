"""Programs of the live bench: servers to compare, the load on them, and what they cost."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Timer
from typing import Any, Final, Self

import orjson
from psutil import Process
from redis import Redis

from db.core.price_log import publish_prices
from tests.conftest import ROOT, free_port, wait_for

HERE: Final = Path(__file__).parent
PEERS: Final = ROOT / ".venv" / "peers"
"""Where `make bench-live` puts the peers; nothing else needs them."""
ADDRESSES: Final = [f"127.0.0.{last}" for last in range(2, 42)]
"""Where clients come from: an instance lets each have 50."""
CORES: Final = sorted(os.sched_getaffinity(0))
Prices = Sequence[dict[str, Any]]


class Program:
    """A child that ends when its standard input does, or at the latest with the bench."""

    def __init__(self, command: Sequence[object], core: int) -> None:
        self.child = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            cwd=ROOT,
        )
        os.sched_setaffinity(self.child.pid, {core})
        self.process = Process(self.child.pid)

    def say(self, line: str) -> None:
        assert self.child.stdin
        self.child.stdin.write(f"{line}\n")

    def hear(self, seconds: float = 60.0) -> str:
        """The next line it prints; it is killed if that takes too long."""
        assert self.child.stdout
        patience = Timer(seconds, self.child.kill)
        patience.start()
        line = self.child.stdout.readline()
        patience.cancel()
        if not line:
            raise RuntimeError(f"{self.child.args!r} says nothing more")
        return line.strip()

    def cpu(self) -> float:
        """Processor seconds since it began, of all its threads."""
        times = self.process.cpu_times()
        return times.user + times.system

    def memory(self) -> int:
        """Resident bytes; what the kernel keeps of sockets is not in them."""
        return self.process.memory_info().rss

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.child.stdin
        self.child.stdin.close()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


class Server(Program):
    """A server and how prices get to it: through Redis, as jobs publish them."""

    mode = "json"

    def __init__(self, redis: Redis, url: str, tick: float) -> None:
        super().__init__(self.command(url, tick), CORES[0])
        self._redis = redis
        self.port = self.listening()

    def command(self, url: str, tick: float) -> Sequence[object]:
        raise NotImplementedError

    def listening(self) -> int:
        return int(self.hear())

    def publish(self, prices: Prices) -> None:
        publish_prices(self._redis, prices)


class Hub(Server):
    """Tracera's own."""

    def command(self, url: str, tick: float) -> Sequence[object]:
        return [sys.executable, "-m", "tests.bench.live.hub_server", url, tick]


class BinaryHub(Hub):
    """Tracera's own, as its pages use it."""

    mode = "v2"


class Ws(Server):
    """Node's ws."""

    def command(self, url: str, tick: float) -> Sequence[object]:
        path = url.removeprefix("unix://").partition("?")[0]
        return ["node", HERE / "ws_peer.mjs", path, 1000 * tick, PEERS]


class Nats(Server):
    """nats-server, which is its own Redis: a price is published to it and goes out as it comes, without conflation."""

    mode = "nats"

    def command(self, _url: str, _tick: float) -> Sequence[object]:
        self._ports = free_port(), free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="nats-")
        config = Path(self._folder.name) / "nats.conf"
        config.write_text(
            f"listen: 127.0.0.1:{self._ports[0]}\nping_interval: 1h\nmax_connections: 100000\n"
            f"websocket {{ listen: 127.0.0.1:{self._ports[1]}, no_tls: true }}\n"
        )
        return [nats_server(), "-c", config, "-l", os.devnull]

    def listening(self) -> int:
        wait_for(lambda: all(map(_answers, self._ports)), 10, "nats-server does not listen")
        self._socket = socket.create_connection(("127.0.0.1", self._ports[0]))
        self._socket.recv(65536)
        self._socket.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\n')
        return self._ports[1]

    def publish(self, prices: Prices) -> None:
        parts = []
        for price in prices:
            text = orjson.dumps(price)
            parts.append(b"PUB prices.%d %d\r\n%s\r\n" % (price["item_id"], len(text), text))
        self._socket.sendall(b"".join(parts))

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self.child.terminate()
        super().__exit__()
        self._folder.cleanup()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def nats_server() -> str | None:
    return shutil.which("nats-server") or shutil.which("nats-server", path=str(PEERS / "usr" / "sbin"))


def servers() -> list[type[Server]]:
    """Those that are installed here."""
    found: list[type[Server]] = [Hub, BinaryHub]
    if shutil.which("node") and (PEERS / "node_modules" / "ws").exists():
        found.append(Ws)
    if nats_server():
        found.append(Nats)
    return found


class Load(Program):
    """The clients, on another core where there is one: one set of items for each."""

    def __init__(self, program: Path, port: int, mode: str, sets: Sequence[Sequence[int]]) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".sets", delete=False) as file:
            file.writelines(" ".join(map(str, items)) + "\n" for items in sets)
        self._sets = Path(file.name)
        super().__init__([program, port, mode, file.name, *ADDRESSES], CORES[-1])
        assert self.hear(180) == "ready"

    def round(self, server: Server, prices: Prices, deliveries: int) -> None:
        """Publish, and wait until all clients have theirs."""
        self.say(f"expect {deliveries}")
        server.publish(prices)
        assert self.hear() == "done"

    def report(self) -> dict[str, float]:
        self.say("report")
        found: dict[str, float] = orjson.loads(self.hear())
        return found

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._sets.unlink()


def compiled(folder: Path) -> Path:
    """The load program, made anew."""
    program = folder / "load"
    subprocess.run(["cc", "-O2", "-Wall", "-o", program, HERE / "load.c"], check=True)
    return program
