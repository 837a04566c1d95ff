"""A collector of traces: takes OTLP by gRPC, as a real one does, and keeps what it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent import futures
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from tests.patience import patient

SECONDS = patient(20)


@dataclass(frozen=True)
class Span:
    """A span, and who told of it."""

    service: str
    proto: ProtoSpan

    @property
    def name(self) -> str:
        return self.proto.name

    @property
    def trace(self) -> str:
        return self.proto.trace_id.hex()

    @property
    def attributes(self) -> dict[str, str]:
        return {pair.key: pair.value.string_value for pair in self.proto.attributes}

    @property
    def statements(self) -> list[str]:
        """The statements that a transaction ran, by their short names."""
        return [event.name for event in self.proto.events]


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Takes spans on a port of its own."""

    def __init__(self) -> None:
        self._more = threading.Condition()
        self._spans: list[Span] = []
        self._server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)
        self.endpoint = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def Export(self, request: Any, context: Any) -> Any:
        found = [
            Span(_service(resource.resource), span)
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        with self._more:
            self._spans += found
            self._more.notify_all()
        return trace_service_pb2.ExportTraceServiceResponse()

    def trace(self, trace: str, complete: Callable[[Sequence[Span]], bool]) -> list[Span]:
        """Wait until a trace is `complete`, and return its spans; fail where it stays incomplete."""

        def found() -> list[Span]:
            return [span for span in self._spans if span.trace == trace]

        with self._more:
            done = self._more.wait_for(lambda: complete(found()), SECONDS)
            assert done, [(span.service, span.name) for span in found()]
            return found()

    def any(self, complete: Callable[[Sequence[Span]], bool]) -> bool:
        """Wait until some trace is `complete`; tell whether one was."""

        def found() -> bool:
            traces: dict[str, list[Span]] = {}
            for span in self._spans:
                traces.setdefault(span.trace, []).append(span)
            return any(complete(spans) for spans in traces.values())

        with self._more:
            return self._more.wait_for(found, SECONDS)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.stop(None).wait()


def _service(resource: Any) -> str:
    return next(pair.value.string_value for pair in resource.attributes if pair.key == "service.name")
