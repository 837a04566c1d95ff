"""Calls that go out: what every one of them gets, in one place.

A call passes on the id of the request that it serves, goes to the service that was meant and to no other (see tls),
and never waits longer than its caller does. What comes in is incoming.py's.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import TypeVar

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import status_pb2

from services.chassis.errors import (
    Code,
    DeadlineExceeded,
    Failure,
    MethodAway,
    Unavailable,
)
from services.chassis.sight import faults, metrics, tracing
from services.chassis.sight.faults import Kind
from services.chassis.sight.logs import request_id
from services.chassis.wire import tls
from services.chassis.wire.status import from_status

log = logging.getLogger(__name__)

DEFAULT_SECONDS = 5.0
"""The deadline of a call that has no other."""

CONNECT_SECONDS = 3.0
"""How long a connection to a peer may take to be made, its handshakes included; less than a call has, so that who
cannot be reached is told to be away. (gRPC takes the name of its pause between two tries for this. Who refuses a
connection is tried again after a tenth of a second all the same.)"""

DETAILS = "grpc-status-details-bin"

deadline: ContextVar[float] = ContextVar("deadline", default=0.0)
"""When the call that is served ends, on the event loop's clock; 0 outside of one."""

ResponseT = TypeVar("ResponseT")


async def call(
    method: Callable[..., Awaitable[ResponseT]],
    request: Message,
    *,
    seconds: float = DEFAULT_SECONDS,
    wait_for_ready: bool = False,
) -> ResponseT:
    """Call a peer. Raises PeerFailure with what it refused, Unavailable where it is away, MethodAway where it has no
    such method yet.

    With `wait_for_ready`, a peer that is away may come back in that time. What a peer that is away, overloaded or too
    slow did is not known: the call must be repeatable.
    """
    if until := deadline.get():
        seconds = min(seconds, until - asyncio.get_running_loop().time())
        if seconds <= 0:
            raise DeadlineExceeded()
    metadata = [("x-request-id", request_id.get())] if request_id.get() else []
    name, started, outcome = request.DESCRIPTOR.name.removesuffix("Request"), time.perf_counter(), "OK"
    span = None if tracing.on is None else tracing.on.call_out(name)
    if span is not None:
        metadata += span.headers().items()
    try:
        options = {"wait_for_ready": True} if wait_for_ready else {}
        return await ask(name, seconds, lambda: method(request, timeout=seconds, metadata=metadata, **options))
    except grpc.aio.AioRpcError as error:
        failure = _failure_of(error)
        outcome = failure.reason
        raise failure from error
    finally:
        metrics.peer_timer(name, outcome).observe(time.perf_counter() - started)
        if span is not None:
            span.end(outcome)


async def ask(what: str, seconds: float, asking: Callable[[], Awaitable[ResponseT]]) -> ResponseT:
    """Ask anything outside of this process; `what` names it, `seconds` is how long `asking` takes at most.

    Raises what `asking` raises; Unavailable and DeadlineExceeded where a fault point says so.
    """
    if faults.armed is None:
        return await asking()
    until = asyncio.get_running_loop().time() + seconds
    await faults.armed.reach(Kind.CALL, what, until=until)
    answer = await asking()
    if faults.armed is not None:
        await faults.armed.reach(Kind.ANSWERED, what, until=until)
    return answer


def _failure_of(error: grpc.aio.AioRpcError) -> Failure:
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS and isinstance(value, bytes):
            with suppress(DecodeError):
                failure = from_status(status_pb2.Status.FromString(value))
                # A peer's defect is not the caller's business; that a part is away is.
                return failure if failure.code is not Code.INTERNAL else Unavailable()
    number = error.code().value[0]
    if number == Code.UNAVAILABLE:
        return Unavailable()
    if number == Code.DEADLINE_EXCEEDED:
        return DeadlineExceeded()
    if number == Code.UNIMPLEMENTED:
        log.warning("a peer does not have a method: %s", error.details())
        return MethodAway()
    # Not a refusal of the peer's own, which has details, but of the machinery between us: it is not known what to do.
    log.error("a peer cannot be called: %s: %s", error.code().name, error.details())
    return Unavailable()


def channel(address: str, service: str = "") -> grpc.aio.Channel:
    """Open a channel to a service at `host:port`, where host may be a name with several addresses; or at such, with IP
    addresses and commas between them. Where AUTH is on, it must be the service of that name that answers there.

    Calls go in turn to every replica that says SERVING: each is watched, so that none is sent to one that is about to
    end. A broken connection is noticed and made anew within seconds, and replicas that were added are found.
    """
    config = {
        "methodConfig": [{"name": [{}], "waitForReady": False}],
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": ""},
    }
    if "," in address:
        address = f"{'ipv6' if address.startswith('[') else 'ipv4'}:{address}"
    return tls.open_channel(
        address,
        service,
        [
            # A name is asked for again when a connection ends, which servers see to: see OPTIONS in process/server.py.
            ("grpc.dns_min_time_between_resolutions_ms", 2_000),
            ("grpc.keepalive_time_ms", 20_000),
            ("grpc.keepalive_timeout_ms", 5_000),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.min_reconnect_backoff_ms", int(CONNECT_SECONDS * 1000)),
            ("grpc.max_reconnect_backoff_ms", 200),
            ("grpc.service_config", json.dumps(config)),
        ],
    )
