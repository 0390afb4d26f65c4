"""What a failing request leaves in the log of a served program: little, plain, on lines of its own."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import orjson
import pytest

from tests.conftest import Site, start_site, stop_site, wait_for
from tests.logging.served import LIBRARIES
from tests.logging.support import is_record
from tests.patience import within

pytestmark = pytest.mark.slow
FORGED = "2026-01-01T00:00:00.000000Z [error    ] forged by=nobody"
HOSTILE = f'\n{FORGED}\r\n{{"event": "forged"}}\x1b[2J\x1b[31m\x85\u2028\u202e\x00\x7f'
BREAK = "/api/v1/break"


@dataclass
class Served:
    site: Site
    as_json: bool

    def log(self) -> str:
        return self.site.log.read_text()

    def grown(self, path: str) -> tuple[str, float]:
        """What a failing request adds to the log, and the seconds it takes."""
        before, begun = len(self.log()), time.perf_counter()
        assert self.site.get(path)[0] == 500
        return self.log()[before:], time.perf_counter() - begun


@pytest.fixture(scope="module", params=["console", "json"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    as_json = request.param == "json"
    site = start_site(
        tmp_path_factory.mktemp("log") / "data",
        program="tests.logging.served",
        TRACERA_LOG_JSON=str(int(as_json)),
        TRACERA_ACCESS_LOG="0",
        TRACERA_DEMO_HISTORY_DAYS="0",
        TRACERA_RATES_URL="",
    )
    try:
        wait_for(lambda: site.get("/readyz")[0] == 200, 60, f"not ready; see {site.log}")
        yield Served(site, as_json)
    finally:
        if site.process.poll() is None:
            stop_site(site)


def test_deep_recursion_with_large_locals_costs_little(served: Served) -> None:
    added, seconds = served.grown(f"{BREAK}/recurse")
    assert "RecursionError" in added
    assert "calls are left out" in added
    assert "ballast" not in added.replace("deep(number + 1, ballast) + 1", "").replace("number, ballast", "")
    assert "rows" not in added.replace('"rows": list(', "")
    assert len(added) < 12_000
    assert max(map(len, added.splitlines())) < (12_000 if served.as_json else 500)
    assert seconds < within(5)
    print(f"{len(added)} characters, {seconds * 1000:.0f} ms")


def test_chained_exceptions_stay_on_lines_of_their_own(served: Served) -> None:
    added, _ = served.grown(f"{BREAK}/chain?said={quote(HOSTILE)}")
    assert "direct cause" in added
    check_lines(added)


def test_path_writes_no_line_of_its_own(served: Served) -> None:
    added, _ = served.grown(f"{BREAK}/{quote('nothing' + HOSTILE.replace('/', ''))}")
    assert "forged" in added
    check_lines(added)


def test_libraries_records_are_plain_too(served: Served) -> None:
    before = len(served.log())
    assert served.site.get(f"{BREAK}/library?said={quote(HOSTILE)}")[0] == 200
    added = served.log()[before:]
    assert all(kind.__name__ in added for kind in LIBRARIES.values())
    assert added.count(" broke: ") == len(LIBRARIES)
    check_lines(added)


def check_lines(added: str) -> None:
    assert not [line for line in added.split("\n") if line and not is_record(line)]
    assert not [line for line in added.split("\n") if line.startswith(("2026-01-01", '{"event": "forged"'))]
    assert not [char for char in added if not char.isprintable() and char != "\n"]


def test_same_trace_is_written_once_a_minute_and_counted(served: Served) -> None:
    """The last test of this server: it ends it, and the count is told then."""
    path = f"{BREAK}/unknown"
    served.grown(path)
    before = len(served.log())
    for _ in range(200):
        assert served.site.get(path)[0] == 500
    assert len(served.log()) - before < 5_000
    stop_site(served.site)
    summaries = [line for line in served.log()[before:].splitlines() if "the same trace repeated" in line]
    counts = [int(count) for line in summaries for count in re.findall(r"repeated (\d+) times", line)]
    assert 200 <= sum(counts) <= 203, summaries
    if served.as_json:
        for line in served.log().splitlines():
            assert not line.startswith("{") or "event" in orjson.loads(line)
