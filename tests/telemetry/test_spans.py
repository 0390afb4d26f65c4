"""A server's spans, received by OTLP over HTTP as a collector does."""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.conftest import ROOT, start_site, stop_site, wait_for

pytestmark = pytest.mark.slow
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(ThreadingHTTPServer):
    """Keeps what it is sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.bodies: list[bytes] = []

    def spans(self) -> list[Any]:
        found = []
        for body in list(self.bodies):
            message = ExportTraceServiceRequest.FromString(body)
            for resource in message.resource_spans:
                found += [span for scope in resource.scope_spans for span in scope.spans]
        return found


class Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.path == "/v1/traces"
        self.server.bodies.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_requests_and_jobs_are_spans_without_what_was_sent(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    site = start_site(tmp_path / "data", None, "app.cli")
    try:
        wait_for(lambda: site.get("/healthz")[0] == 200, 60, f"no answer; see {site.log}")
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=a-state", "Cookie": "x=a-cookie"}
        httpx.get(f"{site.url}/api/v1/items/77?word=sought", headers=headers)
        wait_for(lambda: any(span.name == "job provider:demo" for span in collector.spans()), 30, "no span of a job")
    finally:
        stop_site(site)
    span = next(span for span in collector.spans() if span.name == "GET /api/v1/items/<int:item_id>")
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert {pair.key for pair in span.attributes} == {"http.request.method", "http.response.status_code", "http.route"}
    assert span.end_time_unix_nano > span.start_time_unix_nano
    whole = b"".join(collector.bodies)
    assert b"tracera" in whole
    for sent in (b"sought", b"a-state", b"a-cookie"):
        assert sent not in whole


def start_and_stop(*before: str, **variables: str) -> str:
    lines = [*before, "from app.telemetry.spans import SPANS", "SPANS.start('1')",
             "SPANS.request('GET', '/x', 200, 0.1, 'no parent')", "SPANS.stop()"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], env=os.environ | variables, cwd=ROOT, capture_output=True, timeout=20, check=True
    )  # fmt: skip
    return (done.stdout + done.stderr).decode()


def test_without_the_extra_the_log_says_what_to_install() -> None:
    missing = "import sys; sys.modules['opentelemetry.sdk'] = None"
    said = start_and_stop(missing, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")
    assert "pip install 'tracera[otel]'" in said


def test_without_an_address_nothing_of_it_is_imported() -> None:
    gone = "import sys; sys.modules['opentelemetry'] = None"
    assert start_and_stop(gone, OTEL_EXPORTER_OTLP_ENDPOINT="") == ""


def test_a_collector_that_is_gone_does_not_hold_up_the_end() -> None:
    start_and_stop(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")
