"""Static files: one answer for all, and what browsers and caches rely on."""

import gzip

import brotli  # type: ignore[import-untyped]
import pytest

from app.server.shared_files import Answer, SharedFiles
from tests.conftest import Site
from tests.server.wire import ask

FIRST_AND_KEPT = 2


def library(site: Site) -> str:
    """The address of a library's file, as a page names it."""
    document = site.get("/")[1].decode()
    start = document.index("/_dash-component-suites/")
    return document[start : document.index('"', start)]


def test_the_stored_answer_equals_the_first(live_site: Site) -> None:
    for path in ("/assets/tracera.css?m=1", "/assets/tracera.css", library(live_site)):
        for encoding in ("identity", "gzip", "br"):
            answers = [ask(live_site, "GET", path, Accept_Encoding=encoding) for _ in range(FIRST_AND_KEPT)]
            (status, first, body), (again, kept, same) = answers
            first.pop("date", None), kept.pop("date", None)
            # The server times what Flask made; a kept answer was not made.
            first.pop("server-timing", None), kept.pop("server-timing", None)
            assert (status, again, body) == (200, 200, same), path
            assert kept == first, path


def test_every_encoding_holds_the_same_file(live_site: Site) -> None:
    path = library(live_site)
    plain = ask(live_site, "GET", path)[2]
    for _ in range(FIRST_AND_KEPT):
        assert gzip.decompress(ask(live_site, "GET", path, Accept_Encoding="gzip")[2]) == plain
        assert brotli.decompress(ask(live_site, "GET", path, Accept_Encoding="br, gzip")[2]) == plain
        status, headers, body = ask(live_site, "HEAD", path)
        assert (status, body, int(headers["content-length"])) == (200, b"", len(plain))


def test_a_client_that_has_the_file_is_told_so(live_site: Site) -> None:
    path = "/assets/tracera.css"
    tag = ask(live_site, "GET", path)[1]["etag"]
    for _ in range(FIRST_AND_KEPT):
        for tags in (tag, f'"other", {tag}', f"W/{tag}"):
            assert ask(live_site, "GET", path, If_None_Match=tags)[0] == 304
        assert ask(live_site, "GET", path, If_None_Match='"other"')[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/_dash-component-suites/foo/bar.js",
        "/_dash-component-suites/dash/nothing.js",
        "/_dash-component-suites/dash/../../../etc/passwd",
        "/_dash-component-suites/os/path.js",
        "/assets/nothing.js",
        "/assets/%2e%2e/app/cli.py",
    ],
)
def test_a_file_that_there_is_not_is_a_short_404(live_site: Site, path: str) -> None:
    before = live_site.log.stat().st_size
    for _ in range(5):
        assert ask(live_site, "GET", path)[0] == 404
    assert live_site.log.stat().st_size - before < 1000


def scope(path: str, method: str = "GET") -> dict[str, object]:
    return {"path": path, "method": method, "query_string": b"", "headers": []}


def test_the_oldest_are_forgotten_and_equal_bodies_are_one() -> None:
    files = SharedFiles(max_bytes=100)
    body = b"x" * 40
    first = files.store(scope("/assets/a.js"), Answer(200, [], body))
    second = files.store(scope("/assets/b.js"), Answer(200, [], bytes(bytearray(body))))
    assert first.body is second.body
    assert files.find(scope("/assets/a.js")) == first
    files.store(scope("/assets/c.js"), Answer(200, [], b"y" * 40))
    assert files.find(scope("/assets/b.js")) is None
    assert files.find(scope("/assets/a.js")) is not None


@pytest.mark.parametrize(
    "answer", [Answer(404, [], b""), Answer(200, [(b"set-cookie", b"a=b")], b"x"), Answer(200, [], b"x" * 101)]
)
def test_private_missing_or_too_large_answers_are_not_stored(answer: Answer) -> None:
    files = SharedFiles(max_bytes=100)
    assert files.store(scope("/assets/a.js"), answer) == answer
    assert files.find(scope("/assets/a.js")) is None
    files.store(scope("/api/v1/items"), Answer(200, [], b"x"))
    assert files.find(scope("/api/v1/items")) is None
