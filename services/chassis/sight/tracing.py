"""Traces: what a request caused, across services and statements, for the OTLP collector at OTLP_ENDPOINT.

There is a span for each call that comes in, each call that goes out, each batch of a desk, and each transaction that is
part of one of them. They are joined over the wire by the header `traceparent` (W3C Trace Context). A batch's span
belongs to the trace of its first command, and is linked to those of the others. What is done for nobody's request,
such as a look for work, has none.

Off, which is the normal case, this costs one look at `on`, and OpenTelemetry is not even imported.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from services.chassis.sight import faults

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanContext, SpanKind

OUR_FAULT = {"INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED"}
"""Outcomes that make a span an error; other refusals are what a service is for."""

EXPORT_SECONDS = 2.0
"""How long it may take to hand spans to the collector, and at the stop to hand over what is left."""


class Open:
    """A span that is under way, and the present one until it ends."""

    def __init__(self, traces: Traces, span: Span) -> None:
        self._traces = traces
        self._span = span
        self._token = traces.context.attach(traces.trace.set_span_in_context(span))

    def headers(self) -> dict[str, str]:
        """Return what a peer has to be told to go on with this trace."""
        headers: dict[str, str] = {}
        self._traces.propagator.inject(headers)
        return headers

    def end(self, outcome: str = "OK", request_id: str = "") -> None:
        """End it; `outcome` is OK or the reason why not."""
        if self._span.is_recording():
            self._span.set_attribute("boxoffice.outcome", outcome)
            if request_id:
                self._span.set_attribute("boxoffice.request_id", request_id)
            if outcome in OUR_FAULT:
                self._span.set_status(self._traces.trace.StatusCode.ERROR)
        self._traces.context.detach(self._token)
        self._span.end()


class Traces:
    """The traces of this process."""

    def __init__(self, service: str, endpoint: str) -> None:
        from opentelemetry import context, trace
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self.context, self.trace = context, trace
        self.propagator = TraceContextTextMapPropagator()
        self._provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
        self._exporter = OTLPSpanExporter(endpoint, timeout=EXPORT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter, schedule_delay_millis=1_000))
        self._tracer = self._provider.get_tracer("boxoffice")

    def call_in(self, method: str, metadata: Mapping[str, str | bytes]) -> Open:
        """Begin the span of a call that came in, in its caller's trace if it is in one."""
        carried = {name: value for name in self.propagator.fields if isinstance(value := metadata.get(name), str)}
        service, _, name = method.removeprefix("/").rpartition("/")
        rpc = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": name}
        return self._open(f"{service}/{name}", self.trace.SpanKind.SERVER, rpc, parent=self.propagator.extract(carried))

    def call_out(self, name: str) -> Open:
        """Begin the span of a call that goes out."""
        return self._open(name, self.trace.SpanKind.CLIENT, {})

    def transaction(self, pool: str) -> Open | None:
        """Begin the span of a transaction, unless it is nobody's."""
        if not self.trace.get_current_span().get_span_context().is_valid:
            return None
        return self._open("SQL", self.trace.SpanKind.CLIENT, {"db.system.name": "postgresql", "boxoffice.pool": pool})

    def statement(self, sql: str) -> None:
        """Note a statement in the span of its transaction: its text, which holds no values."""
        span = self.trace.get_current_span()
        if span.is_recording():
            name, text = _name_and_text(sql)
            span.add_event(name, {"db.query.text": text})

    def batch(self, desk: str, commands: Iterable[SpanContext | None]) -> Open | None:
        """Begin the span of a batch of commands that came in these spans, unless all of them are nobody's."""
        spans = list({s.span_id: s for s in commands if s is not None and s.trace_flags.sampled}.values())
        if not spans:
            return None
        first, *others = spans
        parent = self.trace.set_span_in_context(self.trace.NonRecordingSpan(first))
        links = [self.trace.Link(span) for span in others]
        return self._open(
            f"batch {desk}", self.trace.SpanKind.INTERNAL, {"boxoffice.desk": desk}, parent=parent, links=links
        )

    def here(self) -> SpanContext | None:
        """Return the present span, for a batch that will be carried out elsewhere."""
        found = self.trace.get_current_span().get_span_context()
        return found if found.is_valid else None

    def trace_id(self) -> str:
        """Return the present trace's id in hexadecimal, for logs; empty outside of one."""
        found = self.here()
        return "" if found is None else self.trace.format_trace_id(found.trace_id)

    def close(self) -> None:
        """Hand over what is left, in the time that there is."""
        end = threading.Timer(EXPORT_SECONDS, self._exporter.shutdown)
        end.start()
        self._provider.shutdown()
        end.cancel()

    def _open(
        self,
        name: str,
        kind: SpanKind,
        attributes: Mapping[str, str],
        *,
        parent: Context | None = None,
        links: Sequence[Any] = (),
    ) -> Open:
        span = self._tracer.start_span(name, context=parent, kind=kind, attributes=attributes, links=links)
        return Open(self, span)


on: Traces | None = None
"""The traces, or None: who would begin a span looks here first."""


def start(service: str, endpoint: str) -> None:
    """Trace what this process does from now on, for the collector at `endpoint`, http://host:port."""
    global on
    on = Traces(service, endpoint)


def stop() -> None:
    """Trace no more, and hand over what is left; soon, even where the collector is away."""
    global on
    if on is not None:
        on.close()
        on = None


@cache
def _name_and_text(sql: str) -> tuple[str, str]:
    """Return a statement's short name and its text on one line."""
    return faults.named([(sql, True)]), " ".join(sql.split())
