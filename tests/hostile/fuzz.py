"""Twenty thousand generated requests against a served instance, and what they did to it.

    python -m tests.hostile.fuzz [--requests 21000] [--seed 1]

It fails where an answer is a 5xx but the documented 503s, takes longer than a second, where memory does not come back
within 20 % of the start, the log grows by more than a megabyte, or a secret that was used stands in it.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import orjson
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy
from schemathesis.core.result import Ok

from app.runtime import Runtime
from app.settings import Settings
from app.web.factory import create_server
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.hostile import generators
from tests.hostile.client import Notes, Sender
from tests.hostile.frames import pour
from tests.hostile.generators import Request
from tests.server.wire import Visitor, memory_of
from tests.upstream.data import World, synthetic
from tests.upstream.server import running

Sent = TypeVar("Sent")
MARKET: dict[str, Any] = {
    "TRACERA_DEMO_HISTORY_DAYS": "7",
    "TRACERA_DEMO_INTERVAL": "3",
    "TRACERA_STEAM_URL": "http://127.0.0.1:9",  # nobody answers there, at once
    "TRACERA_PORTFOLIO_REQUESTS_PER_MINUTE": "0",
}
LARGEST_LOG = 1_000_000
MOST_MEMORY = 1.2
SHARES = {"simple": 0.2, "bodies": 0.2, "heads": 0.1, "callbacks": 0.25, "frames": 0.05, "openapi": 0.2}


def application() -> Flask:
    """An application that answers nothing; its callbacks and routes are looked at."""
    made = create_server(Runtime(Settings(_env_file=None, database_url="postgresql:///x", redis_url="redis://x")))
    made.test_client().get("/healthz")
    return made


def run(strategy: SearchStrategy[Sent], send: Callable[[Sent], object], count: int, number: int) -> None:
    """Send `count` examples."""

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def each(made: Sent) -> None:
        send(made)

    each()


def secrets_of(visitor: Visitor) -> dict[str, str]:
    """Sign in, make a key and a share link; all that must not stand in the log."""
    assert visitor.post("/api/v1/auth/local", {})[0] == 200
    key = orjson.loads(visitor.post("/api/v1/auth/keys", {"name": "fuzz", "scope": "full"})[1])
    share = orjson.loads(visitor.post("/api/v1/portfolio/shares", {})[1])
    session = dict(part.split("=", 1) for part in visitor.cookie.split("; "))["tracera_session"]
    link = share.get("token") or str(share.get("url", "")).rpartition("/")[2]
    return {"session": session, "key": key["key"], "share": link, "csrf": visitor.token}


def main() -> int:
    """Run, print what was seen; 1 where a bound was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=21_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, running(World(synthetic(3))) as (steam, _):
        site = start_site(Path(folder) / "data", **MARKET | {"TRACERA_STEAM_URL": steam})
        try:
            wait_for(lambda: site.get("/readyz")[0] == 200, 90, f"not ready; see {site.log}")
            return attack(site, options.requests, options.seed)
        finally:
            stop_site(site)


def attack(site: Site, total: int, number: int) -> int:
    """Send everything, then judge."""
    notes, visitor, member = Notes(), Visitor(site), Visitor(site)
    secrets = secrets_of(member)
    known = application()
    senders = [Sender(site, notes, visitor), Sender(site, notes, member)]
    turn = iter(range(10**9))

    def send(request: Request) -> int:
        return senders[next(turn) % 2].send(request)

    strategies = {
        "simple": generators.simple(),
        "bodies": generators.bodies(),
        "heads": generators.heads(),
        "callbacks": generators.callbacks(known),
    }
    for strategy in strategies.values():
        run(strategy, send, 100, number + 1)  # what is loaded at its first use is not what grows
    time.sleep(5)
    memory, log = memory_of(site), site.log.stat().st_size
    begun = time.monotonic()
    for name, strategy in strategies.items():
        run(strategy, send, round(total * SHARES[name]), number)
    run(generators.frames(), lambda frame: pour(site, frame, notes), round(total * SHARES["frames"]), number)
    operations(site, notes, round(total * SHARES["openapi"]), number, member)
    seconds = time.monotonic() - begun
    for sender in senders:
        sender.close()
    return judge(site, notes, secrets, memory, log, seconds)


def operations(site: Site, notes: Notes, total: int, number: int, member: Visitor) -> None:
    """Requests by /openapi.json, valid and invalid ones."""
    schema = schemathesis.openapi.from_url(f"{site.url}/openapi.json")
    found: list[Any] = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]

    def send(case: schemathesis.Case[Any]) -> None:
        begun = time.monotonic()
        headers = {"Cookie": member.cookie, "X-CSRFToken": member.token}
        reply = case.call(base_url=site.url, headers=headers, timeout=30)
        notes.add(f"{case.method} {case.formatted_path}", reply.status_code, time.monotonic() - begun)

    for operation in found:
        if operation.path not in {"/api/v1/auth/logout", "/api/v1/auth/account", "/api/v1/auth/sessions"}:
            run(operation.as_strategy(), send, max(1, total // len(found)), number)


def judge(site: Site, notes: Notes, secrets: dict[str, str], memory: int, log: int, seconds: float) -> int:
    """Print the figures; 1 where a bound was missed."""
    time.sleep(10)
    after, grown = memory_of(site), site.log.stat().st_size - log
    text = site.log.read_bytes()
    told = [name for name, secret in secrets.items() if secret and secret.encode() in text]
    print(f"{notes.statuses.total()} requests in {seconds:.0f} s: {dict(sorted(notes.statuses.items()))}")
    print(
        f"slowest answer {notes.slowest:.2f} s; memory {memory / 1e6:.0f} -> {after / 1e6:.0f} MB; log +{grown} bytes"
    )
    print(
        f"secrets looked for: {', '.join(secrets)}; found: {', '.join(told) or 'none'}; tracebacks: {text.count(b'Traceback')}"
    )
    for line in (*notes.broken, *notes.slow):
        print("   ", line)
    first = text.find(b"Traceback")
    if first >= 0:
        print(text[max(0, first - 500) : first + 4000].decode(errors="replace"))
    missed = (
        bool(notes.broken) or notes.slowest > 1 or after > MOST_MEMORY * memory or grown > LARGEST_LOG or bool(told)
    )
    print("MISSED" if missed else "held")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
