"""The clients: the same methods, called and waited for, or awaited."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from urllib.parse import urlsplit
from uuid import uuid4

import grpc
from google.protobuf.message import Message

from boxoffice_client import errors
from boxoffice_client.calls import Call, Options
from boxoffice_client.errors import RpcError
from boxoffice_client.methods import Method, Methods, Stream

AnswerT = TypeVar("AnswerT", bound=Message)

DEFAULTS = Options()

_CHANNEL: tuple[tuple[str, Any], ...] = (
    # A service that is back is found again at once.
    ("grpc.initial_reconnect_backoff_ms", 100),
    # By this name gRPC means how long a connection may take to be made, too: TLS to another continent is not cut.
    ("grpc.min_reconnect_backoff_ms", 5_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # The seat map of a stadium.
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
)


class _Base(Methods):
    """What the clients have in common: where they call and how, and what goes along with every call."""

    def __init__(self, channel: Any, options: Options) -> None:
        self._channel = channel
        self._options = options
        self._callables: dict[str, Callable[..., Any]] = {}

    def with_options(
        self,
        *,
        timeout_seconds: float | None = None,
        attempts: int | None = None,
        request_id: str | None = None,
        token: str | None = None,
        gate_credential: str | None = None,
    ) -> Self:
        """Return a client whose calls are made otherwise, over the same connection; see Options for each."""
        given: dict[str, Any] = {
            "timeout_seconds": timeout_seconds,
            "attempts": attempts,
            "request_id": request_id,
            "token": token,
            "gate_credential": gate_credential,
        }
        other = copy.copy(self)
        other._options = replace(self._options, **{name: value for name, value in given.items() if value is not None})
        return other

    def _begin(self, method: Method[..., Any] | Stream[..., Any], request: Message) -> tuple[Callable[..., Any], Call]:
        """Return what sends a request, and the call; a request that takes a key and has none gets one."""
        if method.takes_key and not request.idempotency_key:  # type: ignore[attr-defined]  # of those that take one
            request.idempotency_key = str(uuid4())  # type: ignore[attr-defined]
        send = self._callables.get(method.path)
        if send is None:
            make = self._channel.unary_unary if isinstance(method, Method) else self._channel.unary_stream
            send = make(
                method.path,
                request_serializer=type(request).SerializeToString,
                response_deserializer=method.answer.FromString,
            )
            self._callables[method.path] = send
        # What it is to wait for comes on top of the time that it may take.
        waits: int = getattr(request, "wait_seconds", 0)
        return send, Call(self._options, repeatable=method.repeatable, wait_seconds=waits)


class Client(_Base):
    """Boxoffice, for programs that wait for each answer. It may be used by many threads at once.

    Every method raises BoxofficeError: the class of the reason that it was refused for (see boxoffice_client.errors).
    """

    def __init__(self, url: str = "http://127.0.0.1:8001", *, options: Options = DEFAULTS) -> None:
        """`url`: the gateway, or one of the services: http:// or https://, host and port."""
        super().__init__(_open(grpc, url), options)

    def close(self) -> None:
        """End the connection, and the calls that are under way."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, method: Method[..., AnswerT], request: Message) -> AnswerT:
        send, call = self._begin(method, request)
        while True:
            try:
                return cast(AnswerT, send(request, timeout=call.seconds_left, metadata=call.metadata))
            except grpc.RpcError as error:
                pause = call.pause_after(cast(RpcError, error))
            time.sleep(pause)  # before the next attempt: as long as the answer said, or the backoff does

    def _stream(self, method: Stream[..., AnswerT], request: Message) -> Generator[AnswerT, None, None]:
        send, call = self._begin(method, request)
        answers = send(request, metadata=call.metadata)
        try:
            yield from answers
        except grpc.RpcError as error:
            raise errors.read(cast(RpcError, error), call.request_id) from error
        finally:
            answers.cancel()


class AsyncClient(_Base):
    """Boxoffice, for programs that await: the same methods as Client has, within the event loop it was made in."""

    def __init__(self, url: str = "http://127.0.0.1:8001", *, options: Options = DEFAULTS) -> None:
        """`url`: the gateway, or one of the services: http:// or https://, host and port."""
        super().__init__(_open(grpc.aio, url), options)

    async def close(self) -> None:
        """End the connection, and the calls that are under way."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _call(self, method: Method[..., AnswerT], request: Message) -> AnswerT:
        send, call = self._begin(method, request)
        while True:
            try:
                return cast(AnswerT, await send(request, timeout=call.seconds_left, metadata=call.metadata))
            except grpc.aio.AioRpcError as error:
                pause = call.pause_after(error)
            await asyncio.sleep(pause)  # before the next attempt, as in Client

    async def _stream(self, method: Stream[..., AnswerT], request: Message) -> AsyncGenerator[AnswerT, None]:
        send, call = self._begin(method, request)
        answers = send(request, metadata=call.metadata)
        try:
            async for answer in answers:
                yield answer
        except grpc.aio.AioRpcError as error:
            raise errors.read(error, call.request_id) from error
        finally:
            answers.cancel()


def _open(kind: Any, url: str) -> Any:
    """Open a channel of grpc or grpc.aio; raise ValueError if `url` is not one."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError(f"{url!r} is not an address of the form http://host:port")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if parts.scheme == "https":
        return kind.secure_channel(f"{host}:{parts.port or 443}", grpc.ssl_channel_credentials(), options=_CHANNEL)
    return kind.insecure_channel(f"{host}:{parts.port or 80}", options=_CHANNEL)
