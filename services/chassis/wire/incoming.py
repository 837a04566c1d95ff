"""Calls that come in: what every one of them gets, in one place.

A call that comes in gets, in this order: its request's id; a deadline; its message parsed and its idempotency key
taken from the header; where there is a guard, its caller found out and held to the method's policy; its texts brought
into their forms; its rules checked; the handler; its failure told in a way that hides what is internal; a line in the
log. A call that is answered by a stream gets the same, but no deadline: it has one if its caller sets it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing, suppress
from contextvars import ContextVar
from typing import Any, NoReturn, TypeVar, cast

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import DecodeError, Message
from google.rpc import status_pb2

from services.chassis.errors import (
    Code,
    DeadlineExceeded,
    Failure,
    InvalidArgument,
    InvalidField,
    ReaderTooSlow,
    RequestTooLarge,
    ResourceExhausted,
)
from services.chassis.ids import new_id
from services.chassis.sight import faults, metrics, tracing
from services.chassis.sight.faults import AnswerLost, Kind
from services.chassis.sight.logs import request_id, tell_call
from services.chassis.wire import tls
from services.chassis.wire.calls import DEFAULT_SECONDS, DETAILS, deadline
from services.chassis.wire.doors import BUDGETS, Door, budget_of, passed
from services.chassis.wire.identity import Access, Guard, policy
from services.chassis.wire.rules import check
from services.chassis.wire.status import to_status

log = logging.getLogger(__name__)

MAX_SECONDS = 60.0
"""The longest deadline that is granted."""

MAX_MESSAGE_BYTES = 1024 * 1024
"""The largest request, its file not counted. Answers may be larger: see MAX_ANSWER_BYTES in pages.py."""

LARGEST_FILE_BYTES = 8 * 1024 * 1024
"""What there is room for of a file; policies say how much of it a method takes."""

MAX_STREAMS = 2_000
"""Streams at once, unless a service is told otherwise."""

READING_SECONDS = 10.0
"""How long a stream waits for its reader to take a message."""

CHALLENGE = (("www-authenticate", 'Bearer realm="boxoffice"'),)
"""Goes with every UNAUTHENTICATED, as HTTP wants it."""

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
_QUIET = ("/grpc.health.", "/grpc.reflection.")
_CODES = {code.value[0]: code for code in grpc.StatusCode}

headers: ContextVar[dict[str, str | bytes]] = ContextVar("headers", default={})  # noqa: B039  never changed
"""The present call's metadata."""

Context = grpc.aio.ServicerContext[Any, Any]
Handler = Callable[[Any, Context], Awaitable[Any]]
Unary = Callable[[bytes, Context], Awaitable[bytes]]
StreamHandler = Callable[[Any, Context], AsyncGenerator[Any, None]]

MessageT = TypeVar("MessageT", bound=Message)


class Incoming(grpc.aio.ServerInterceptor):
    """Wraps every handler of our own; once per method, as handlers never change."""

    def __init__(self, max_streams: int = MAX_STREAMS, guard: Guard | None = None) -> None:
        """`max_streams`: how many streams there may be at once. Without a guard, anybody may call anything."""
        self._guard = guard
        self._wrapped: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        self._doors = {budget: Door(budget) for budget in BUDGETS}
        self._streams_left = max_streams

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return the wrapped handler of the method that is called."""
        method: str = handler_call_details.method
        if wrapped := self._wrapped.get(method):
            return wrapped
        handler = await continuation(handler_call_details)
        if handler is None or method.startswith(_QUIET):
            return handler
        access = None if self._guard is None else self._guard.access_to(method)
        if handler.unary_unary is not None:
            served = _behind(self._doors[budget_of(method)], method, _serve(method, handler, access))
            if policy(method).largest_file_bytes:
                wrapped = grpc.stream_unary_rpc_method_handler(_read_late(method, access, served))
            else:
                wrapped = grpc.unary_unary_rpc_method_handler(served)
        elif handler.unary_stream is not None:
            wrapped = grpc.unary_stream_rpc_method_handler(self._serve_stream(method, handler, access))
        else:
            raise NotImplementedError(f"{method} takes a stream: nothing here checks what comes in one")
        self._wrapped[method] = wrapped
        return wrapped

    def _serve_stream(
        self, method: str, handler: grpc.RpcMethodHandler[Any, Any], access: Access | None
    ) -> Callable[[bytes, Context], Awaitable[None]]:
        answer_call = cast(StreamHandler, handler.unary_stream)
        parse = cast(Callable[[bytes], Message], handler.request_deserializer)
        render = cast(Callable[[Message], bytes], handler.response_serializer)

        async def serve(data: bytes, context: Context) -> None:
            started, span = _begin(method, context)
            if not self._streams_left:
                await _refuse(method, started, context, ResourceExhausted(), span)
            self._streams_left -= 1
            failure: Failure
            try:
                try:
                    if faults.armed is not None:
                        await faults.armed.reach(Kind.ASKED)
                    request = await _admitted(parse, data, context, access)
                    async with aclosing(answer_call(request, context)) as messages:
                        await _send_all(messages, render, context)
                    _tell_call(method, started, "OK", span)
                    return
                except Failure as refused:
                    failure = refused
                except TimeoutError:
                    failure = ReaderTooSlow()
                except asyncio.CancelledError:
                    _tell_call(method, started, "CANCELLED", span)  # the caller has left, or the server stops
                    raise
                except Exception:  # whatever it is, its class and text stay inside
                    failure = _hidden(method)
                # It comes after all that is on its way already. Who never reads that keeps the place that he took.
                await _refuse(method, started, context, failure, span)
            except grpc.aio.InternalError:
                raise asyncio.CancelledError from None  # the caller has left meanwhile
            finally:
                self._streams_left += 1

        return serve


async def _send_all(messages: AsyncGenerator[Any, None], render: Callable[[Message], bytes], context: Context) -> None:
    """Send a stream's messages; raise TimeoutError if its reader does not take one in time."""
    begun = False
    async for message in messages:
        async with asyncio.timeout(READING_SECONDS):
            if not begun:
                # By itself: where it went with a message that is too large for its reader, no status could follow, as
                # gRPC would not know it as sent. The handler may have sent headers of its own.
                with suppress(grpc.aio.UsageError):
                    await context.send_initial_metadata(())
                begun = True
            await context.write(message if isinstance(message, bytes) else render(message))


def _behind(door: Door, method: str, serve: Unary) -> Unary:
    """Refuse a method's calls at once while as many are inside as its budget allows."""
    overload = ResourceExhausted()
    overload_trailers = _trailers(overload, to_status(overload))

    async def serve_behind(data: bytes, context: Context) -> bytes:
        if door.is_full:
            metrics.call_timer(method, overload.reason).observe(0)
            await context.abort(_CODES[overload.code], overload.message, overload_trailers)
        door.inside += 1
        passed.set(door)
        try:
            return await serve(data, context)
        finally:
            door.inside -= 1

    return serve_behind


def _read_late(method: str, access: Access | None, serve: Unary) -> Callable[[AsyncIterator[bytes], Context], Any]:
    """Read a request with a file only once it is known that its caller may send one.

    To gRPC it is a stream of requests then, of which there is one: nothing on the wire tells the two apart.
    """

    async def serve_late(messages: AsyncIterator[bytes], context: Context) -> bytes:
        if access is not None:
            try:
                await access.permit(dict(context.invocation_metadata() or ()), tls.peer(context))
            except Failure as failure:
                started, span = _begin(method, context)
                await _refuse(method, started, context, failure, span)
        async for data in messages:
            return await serve(data, context)
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT)
        raise AssertionError("abort raises")

    return serve_late


def _serve(method: str, handler: grpc.RpcMethodHandler[Any, Any], access: Access | None) -> Unary:
    answer_call = cast(Handler, handler.unary_unary)
    parse = cast(Callable[[bytes], Message], handler.request_deserializer)
    render = cast(Callable[[Message], bytes], handler.response_serializer)
    largest_file = policy(method).largest_file_bytes

    async def serve(data: bytes, context: Context) -> bytes:
        started, span = _begin(method, context)
        failure: Failure
        try:
            remaining = context.time_remaining()
            seconds = min(DEFAULT_SECONDS if remaining is None else remaining, MAX_SECONDS)
            deadline.set(asyncio.get_running_loop().time() + seconds)
            async with asyncio.timeout(seconds):
                if faults.armed is not None:
                    await faults.armed.reach(Kind.ASKED)
                request = await _admitted(parse, data, context, access, largest_file)
                message = await answer_call(request, context)
                answer = message if isinstance(message, bytes) else render(message)
                if faults.armed is not None:
                    await faults.armed.reach(Kind.ANSWER)
            _tell_call(method, started, "OK", span)
            return answer
        except Failure as refused:
            failure = refused
        except TimeoutError:
            failure = DeadlineExceeded()
        except asyncio.CancelledError:
            if span is not None:
                span.end("CANCELLED")
            raise
        except AnswerLost:
            await context.abort(grpc.StatusCode.UNAVAILABLE)
        except Exception:  # whatever it is, its class and text stay inside
            failure = _hidden(method)
        await _refuse(method, started, context, failure, span)

    return serve


def _begin(method: str, context: Context) -> tuple[float, tracing.Open | None]:
    """Note what the present call is; return when it began, and its span."""
    faults.operation.set(method.rpartition("/")[2])
    metadata = dict(context.invocation_metadata() or ())
    span = None if tracing.on is None else tracing.on.call_in(method, metadata)
    given = str(metadata.get("x-request-id", ""))
    request_id.set(given if _SANE_ID.fullmatch(given) else str(new_id()))
    headers.set(metadata)
    return time.perf_counter(), span


def _hidden(method: str) -> Failure:
    """Log the defect that was just caught; return what is told of it."""
    log.exception("%s failed", method)
    return Failure()


async def _refuse(
    method: str, started: float, context: Context, failure: Failure, span: tracing.Open | None
) -> NoReturn:
    """End a call with what it failed by."""
    _tell_call(method, started, failure.reason, span)
    status = to_status(failure)
    await context.abort(
        _CODES[failure.code],
        status.message,
        _trailers(failure, status),
    )
    raise AssertionError("abort raises")


def _trailers(failure: Failure, status: status_pb2.Status) -> tuple[tuple[str, str | bytes], ...]:
    """Return what goes out beside code and message. Over REST, what is not gRPC's own becomes headers of the answer."""
    details = (DETAILS, status.SerializeToString())
    challenge = CHALLENGE if failure.code is Code.UNAUTHENTICATED else ()
    seconds = failure.retry_after_seconds
    # In whole seconds, and never too early.
    retry_after = () if seconds is None else (("retry-after", str(math.ceil(seconds))),)
    return (details, *challenge, *retry_after)


def _check_size(size: int, most: int, largest_file: int) -> None:
    """Raise RequestTooLarge where a request, or the file in it, has more than `most` bytes."""
    if size > most:
        words = f"The file is larger than {largest_file >> 20} MiB: send a smaller one." if largest_file else None
        raise RequestTooLarge(words)


def _files(request: Message) -> Iterator[bytes]:
    """Yield the files in a request."""
    for field in request.DESCRIPTOR.fields:
        if field.message_type is HttpBody.DESCRIPTOR:
            yield getattr(request, field.name).data


def over_rest() -> bool:
    """Tell whether the present call came over REST, as the gateway says. It is a hint: any caller may say so."""
    return "x-envoy-original-path" in headers.get()


def encoded(kind: type[MessageT], data: bytes) -> MessageT:
    """Answer with a message of this kind that is encoded already, and of which nothing else is wanted."""
    return cast(MessageT, data)


async def _admitted(
    parse: Callable[[bytes], Message], data: bytes, context: Context, access: Access | None, largest_file: int = 0
) -> Message:
    """Return the message of a call, once its caller may make it and it keeps its rules."""
    _check_size(len(data), MAX_MESSAGE_BYTES + largest_file, largest_file)
    request = _parsed(parse, data, context.invocation_metadata() or ())
    for file in _files(request) if largest_file else ():
        _check_size(len(file), largest_file, largest_file)
    if access is not None:
        await access.admit(request, headers.get(), tls.peer(context))
    check(request)
    if access is not None:
        await access.check(request)
    return request


def _parsed(parse: Callable[[bytes], Message], data: bytes, metadata: Iterable[tuple[str, str | bytes]]) -> Message:
    try:
        request = parse(data)
    except DecodeError as error:
        raise InvalidArgument("The request is not a message of this method.") from error
    if "idempotency_key" in request.DESCRIPTOR.fields_by_name:
        keys = {str(value) for name, value in metadata if name == "idempotency-key"}
        if given := getattr(request, "idempotency_key", ""):
            keys.add(given)
        if len(keys) > 1:
            raise InvalidField(("idempotencyKey", "comes twice and differs, in body or headers: send one key"))
        if keys:
            request.idempotency_key = keys.pop()  # type: ignore[attr-defined]
    return request


def _tell_call(method: str, started: float, outcome: str, span: tracing.Open | None) -> None:
    """Count a call that is over, write a line about it, and end its span."""
    seconds = time.perf_counter() - started
    metrics.call_timer(method, outcome).observe(seconds)
    tell_call(log, method, outcome, round(seconds * 1000, 1))
    if span is not None:
        span.end(outcome, request_id.get())
