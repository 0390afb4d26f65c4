"""Spans: requests and runs of jobs for an OpenTelemetry collector, where OTEL_EXPORTER_OTLP_ENDPOINT names one."""

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = structlog.get_logger(__name__)

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
TIMEOUT: Final = "OTEL_EXPORTER_OTLP_TIMEOUT"
SEND_SECONDS: Final = 3.0
"""Seconds that a collector may take, unless the environment says; the end of the process may wait for it."""
NANOSECONDS: Final = 1_000_000_000
_LEAST_ERROR: Final = 500
Attributes = Mapping[str, str | int]


class Spans:
    """Records spans; does nothing before `start` found a collector's address and the library."""

    def __init__(self) -> None:
        self._provider: TracerProvider | None = None

    def start(self, version: str) -> None:
        """Send spans from now on, in the background, if a collector is named."""
        if not os.environ.get(ENDPOINT):
            return
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError:
            log.warning(
                "no traces: OpenTelemetry is not installed; `pip install 'tracera[otel]'` does", variable=ENDPOINT
            )
            return
        # What the environment says (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) goes before this.
        name = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "tracera"}
        provider = TracerProvider(resource=Resource.create({"service.version": version, **name}))
        provider.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(timeout=None if os.environ.get(TIMEOUT) else SEND_SECONDS))
        )
        self._provider = provider

    def stop(self) -> None:
        """Send what is left."""
        if self._provider:
            self._provider.shutdown()
            self._provider = None

    def request(self, method: str, route: str | None, status: int, seconds: float, parent: str | None) -> None:
        """Record a request that has just ended; `parent` is its `traceparent` header."""
        if self._provider:
            attributes: dict[str, str | int] = {"http.request.method": method, "http.response.status_code": status}
            if route:
                attributes["http.route"] = route
            name = f"{method} {route}" if route else method
            self._record(name, seconds, attributes, failed=status >= _LEAST_ERROR, parent=parent, served=True)

    def job(self, name: str, seconds: float, *, failed: bool) -> None:
        """Record a run of a job that has just ended."""
        if self._provider:
            self._record(f"job {name}", seconds, {"tracera.job": name}, failed=failed)

    def _record(
        self,
        name: str,
        seconds: float,
        attributes: Attributes,
        *,
        failed: bool,
        parent: str | None = None,
        served: bool = False,
    ) -> None:
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        provider = self._provider
        if provider is None:
            return
        end = time.time_ns()
        # Not `tracestate`: it is any text.
        context = TraceContextTextMapPropagator().extract({"traceparent": parent} if parent else {}, Context())
        span = provider.get_tracer("tracera").start_span(
            name,
            context,
            SpanKind.SERVER if served else SpanKind.INTERNAL,
            attributes,
            start_time=end - int(seconds * NANOSECONDS),
        )
        if failed:
            span.set_status(StatusCode.ERROR)
        span.end(end)


SPANS: Final = Spans()
"""Those of this process."""
