"""Bytes of a price as JSON and as binary frames, what they cost the server, and how long Deno, Node and Chromium take to read them.

    python -m tests.bench.bench_live_encoding [--batch 50]

Sizes hold the WebSocket frames' heads. JSON is a message each, as the server sends it; its frames are made before, as they are
for the second and each further group of clients. The goals: 72 % fewer bytes, and 16 times as fast to read.
"""

import argparse
import shutil
import subprocess
import timeit
from collections.abc import Iterator
from typing import Any

import deno
import orjson
from playwright.sync_api import Route, sync_playwright

from app.live.binary import Encoding
from app.live.updates import Update, encode, parse_update
from tests import chromium
from tests.conftest import ROOT
from tests.live.support import price

SCRIPT = "tests/bench/decode_prices.js"
HEAD = 4
"""Bytes of a WebSocket frame's head, where it carries 126 bytes or more."""
ENCODINGS: tuple[Encoding, ...] = ("json", "v1", "v2")
Said = dict[str, Any]


def updates(count: int) -> list[Update]:
    """Prices as the simulated market publishes them: times with microseconds, numbered."""
    found = []
    for at in range(count):
        message = price(1_000 + 37 * at, 1_450_000 + 17 * at, source="steam", volume=12 + at)
        times = {"timestamp": f"2026-01-01T00:00:00.{123_456 + at}Z"}
        numbers = {"epoch": "e", "offset": 10_000 + at, "published": 1_767_225_600_123}
        found.append(parse_update(numbers | message | times))
    return found


def server_cost(found: list[Update], encoding: Encoding) -> float:
    """Microseconds of encoding them once more."""
    encode(found, encoding)
    return min(timeit.repeat(lambda: encode(found, encoding), number=2_000, repeat=5)) / 2_000 * 1e6


def readers(said: Said) -> Iterator[tuple[str, dict[str, float]]]:
    """Each engine's name and its microseconds."""
    module = (ROOT / SCRIPT).as_uri()
    call = f"import {{ compare }} from '{module}'; console.log(JSON.stringify(compare({orjson.dumps(said).decode()})))"
    programs = {"Deno": [deno.find_deno_bin(), "eval", call]}
    if node := shutil.which("node"):
        programs["Node"] = [node, "--experimental-default-type=module", "--input-type=module", "-e", call]
    for name, program in programs.items():
        done = subprocess.run(program, capture_output=True, text=True, check=True, timeout=120)
        yield name, orjson.loads(done.stdout)
    yield "Chromium", in_chromium(said)


def in_chromium(said: Said) -> dict[str, float]:
    def serve(route: Route) -> None:
        path = route.request.url.removeprefix("http://bench.test/")
        if path:
            route.fulfill(path=ROOT / path, content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.found(), args=["--no-sandbox"])
        page = browser.new_page()
        page.route("**/*", serve)
        page.goto("http://bench.test/")
        found: dict[str, float] = page.evaluate(f"async (said) => (await import('/{SCRIPT}')).compare(said)", said)
        browser.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--batch", type=int, default=50)
    batch = parser.parse_args().batch
    found = updates(batch)
    for count in sorted({1, batch}):
        some = found[:count]
        sizes = {name: len(encode(some, name)) / count for name in ENCODINGS}
        shares = "  ".join(f"{name} {size:6.1f}" for name, size in sizes.items())
        print(f"bytes a price, {count:>3} at a time: {shares}  v2 {sizes['v2'] / sizes['json'] - 1:+.0%} of JSON")
    costs = {name: server_cost(found, name) for name in ENCODINGS}
    print(f"server, {batch} at a time: " + "  ".join(f"{name} {cost:.1f} µs" for name, cost in costs.items()))
    texts = [orjson.dumps(update.message).decode() for update in found]
    for name, times in readers({"texts": texts, "frame": encode(found, "v2")[HEAD:].hex()}):
        ratio = times["json"] / times["binary"]
        print(
            f"{name}, {batch} at a time: JSON {times['json']:.1f} µs  v2 {times['binary']:.1f} µs  {ratio:.1f} times as fast"
        )


if __name__ == "__main__":
    main()
