"""The server: everything that a service's process does between its start and its end."""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
from datetime import timedelta
from typing import Any, cast

import grpc
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from boxoffice.identity.v1 import identity_pb2, identity_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection

from services.chassis.errors import Failure, Unavailable
from services.chassis.process.readiness import Readiness
from services.chassis.process.settings import ServiceSettings
from services.chassis.sight import faults, metrics
from services.chassis.wire import tls
from services.chassis.wire.calls import call, channel
from services.chassis.wire.identity import Gates, Guard
from services.chassis.wire.incoming import LARGEST_FILE_BYTES, MAX_MESSAGE_BYTES, MAX_STREAMS, Incoming
from services.chassis.wire.keys import FetchedKeys, KeptKeys, Keys
from services.chassis.wire.owners import Memberships, Things

log = logging.getLogger(__name__)

KEYS_ASKED_SECONDS = 2.0
"""How long identity may take to tell its keys; a call that waits for it has time left then."""

WATCHES_SECONDS = 1.0
"""How long the stop waits, at most, until peers who watch this service's health have read that it ends."""

MAX_WAITING = 20_000
"""Calls that have come and wait to be looked at, which takes a fraction of a millisecond each."""

OPTIONS: Sequence[tuple[str, Any]] = (
    ("grpc.so_reuseport", 0),  # a second process on the same port is a mistake, not a replica
    ("grpc.max_concurrent_streams", 1_000),
    # What came and was not looked at yet. By default gRPC drops of more than 1,000 some, with a bare CANCELLED, where
    # the doors (see doors) would tell whoever asked that it is too much.
    ("grpc.server.max_pending_requests", MAX_WAITING),
    ("grpc.server.max_pending_requests_hard_limit", MAX_WAITING),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Now and then a peer is asked to connect anew, what it has begun goes on; so it finds replicas that were added.
    ("grpc.max_connection_age_ms", 60_000),
)


def make_server(
    settings: ServiceSettings | None = None,
    keys: Keys | None = None,
    *,
    max_streams: int = MAX_STREAMS,
    things: Mapping[str, Things] | None = None,
    memberships: Memberships | None = None,
    gates: Gates | None = None,
    takes_files: bool = False,
) -> grpc.aio.Server:
    """Make a server with what every call gets, and so many calls at most that are answered by streams.

    `takes_files`: whether one of its methods does, so that there is room for one.

    Callers are held to the policies of the contracts where AUTH is on, or where `keys` are given, which only identity
    has itself; without, its keys are asked for. For `things`, `memberships` and `gates`, see Guard.
    """
    guard = None
    if settings is not None and (keys is not None or settings.auth == "on"):
        guard = Guard(keys or _fetched_keys(settings), things, memberships, gates)
    # What is too large is refused with details by `calls`; what is much too large is not even read, and has none.
    largest = ("grpc.max_receive_message_length", 4 * MAX_MESSAGE_BYTES + takes_files * LARGEST_FILE_BYTES)
    server = grpc.aio.server(interceptors=[Incoming(max_streams, guard)], options=[*OPTIONS, largest])
    # Generated code adds a service's methods twice: for gRPC to look up by name, and registered. grpcio waits anew for
    # each of the registered ones whenever a call has come, so that every method would make every other's calls dearer.
    setattr(server, "add_registered_method_handlers", _not_registered)  # noqa: B010  mypy knows it as a method
    return server


def _not_registered(service: str, handlers: Mapping[str, object]) -> None:
    """Leave methods to be looked up by name."""


def _fetched_keys(settings: ServiceSettings) -> Keys:
    kept = KeptKeys(settings.kept_keys_file) if settings.kept_keys_file else None
    max_age = timedelta(hours=settings.kept_keys_hours)
    return FetchedKeys(lambda: _fetch_keys(settings.identity_address), kept, max_age)


async def _fetch_keys(address: str) -> bytes:
    # Seldom: a connection that lay idle meanwhile is no better than a new one.
    async with channel(address, "identity") as to_identity:
        identity = identity_pb2_grpc.IdentityServiceStub(to_identity)
        answer = await call(identity.GetJwks, identity_pb2.GetJwksRequest(), seconds=KEYS_ASKED_SECONDS)
        return bytes(answer.data)


async def serve(
    settings: ServiceSettings,
    server: grpc.aio.Server,
    services: Sequence[str],
    *,
    background: Sequence[Coroutine[Any, Any, None]] = (),
    ticks: AsyncIOScheduler | None = None,
    ending: Sequence[Callable[[], None]] = (),
    ready: Readiness | None = None,
    closing: Sequence[Callable[[], Awaitable[None]]] = (),
) -> None:
    """Serve until SIGTERM or SIGINT, then stop politely. Raises Failure if it cannot serve, or not any more.

    `services` are the full names to announce. `background` runs meanwhile and is cancelled at the end; one that
    ends by itself is a defect and ends the process. `ending` has streams end, which would not by themselves. While
    `ready` finds that the database is away, health says NOT_SERVING. `closing` is awaited last, in order.

    The stop: health says NOT_SERVING; after the drain time the door closes; streams end; running requests get the grace
    time; background work ends; what is left is closed.
    """
    health = _Health(services)
    _announce(server, services, health)
    try:
        _listen(server, settings)
    except Failure:
        for work in background:
            work.close()
        await _close(closing)
        raise
    stop = _stop_at_signals()
    _collect_seldom()
    await server.start()
    tasks = [asyncio.create_task(work, context=_named(work)) for work in background]
    if ticks is not None:
        ticks.start()
    await health.show(True)
    if ready is not None:
        tasks.append(asyncio.create_task(ready.watch(health.show)))
    _log_start(settings)
    broken = await _until_over(stop, tasks)
    await _stop_serving(server, settings, health, ending, drains=stop.is_set())
    if ticks is not None:
        ticks.shutdown(wait=False)
    await _end(tasks)
    await _close(closing)
    log.info("stopped")
    if broken:
        raise Failure("work in the background has ended, which it never should: see the log")


class _Health(HealthServicer):
    """Health, whose streams end with the server: peers watch for as long as they are connected."""

    def __init__(self, services: Sequence[str]) -> None:
        super().__init__()
        self._services = services
        self._watches: dict[asyncio.Task[None], _Watcher] = {}

    async def show(self, serving: bool) -> None:
        """Say of the process, and of each of its services, whether it serves."""
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("", *self._services):
            await self.set(name, status)

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Any) -> None:
        watcher = _Watcher(context)
        watch = asyncio.ensure_future(super().Watch(request, cast(Any, watcher)))
        self._watches[watch] = watcher
        watch.add_done_callback(self._watches.pop)
        with suppress(asyncio.CancelledError):
            await watch

    async def end_watches(self) -> None:
        """End each stream once NOT_SERVING was sent on it, or WATCHES_SECONDS have passed."""
        ending = dict(self._watches)
        with suppress(TimeoutError):
            async with asyncio.timeout(WATCHES_SECONDS):
                for watcher in ending.values():
                    await watcher.ended.wait()
        for watch in ending:
            watch.cancel()


class _Watcher:
    """The context of a stream of health; `ended` is set once NOT_SERVING was sent on it."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self.ended = asyncio.Event()

    async def write(self, answer: health_pb2.HealthCheckResponse) -> None:
        await self._context.write(answer)
        if answer.status == health_pb2.HealthCheckResponse.NOT_SERVING:
            self.ended.set()


def _announce(server: grpc.aio.Server, services: Sequence[str], health: HealthServicer) -> None:
    """Add health, and reflection of what the server has."""
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    health_name = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
    reflection.enable_server_reflection([*services, health_name, reflection.SERVICE_NAME], server)


def _stop_at_signals() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop


def _collect_seldom() -> None:
    """Keep what there is by now out of the garbage collector, and let it look for the rest seldom.

    What calls make is seldom a cycle. Collecting as eagerly as Python does by itself takes a twentieth of a busy
    service's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _log_start(settings: ServiceSettings) -> None:
    if settings.auth == "off":
        log.warning("AUTH IS OFF: any program on this machine may do anything here, and read along. Set AUTH=on.")
    log.info("serving", extra={"address": f"{settings.host}:{settings.port}", "settings": settings.shown()})


async def _until_over(stop: asyncio.Event, tasks: Sequence[asyncio.Task[None]]) -> list[asyncio.Task[None]]:
    """Wait until the process is to stop; return the tasks that have ended by themselves, which is a defect."""
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
    await _end([stopped])
    broken = [task for task in tasks if task.done()]
    for task in broken:
        log.error("work in the background has ended", exc_info=None if task.cancelled() else task.exception())
    return broken


async def _stop_serving(
    server: grpc.aio.Server,
    settings: ServiceSettings,
    health: _Health,
    ending: Sequence[Callable[[], None]],
    *,
    drains: bool,
) -> None:
    """Say NOT_SERVING, take no more calls after the drain time, and give those that run the grace time."""
    log.info("stopping")
    await health.enter_graceful_shutdown()
    if drains:
        await asyncio.sleep(settings.drain_seconds)
    closed = asyncio.create_task(server.stop(settings.grace_seconds))
    await asyncio.sleep(0)  # the door is closed before streams end, or they would come back in
    for end in ending:
        end()
    await health.end_watches()
    await closed


def _named(work: Coroutine[Any, Any, None]) -> Context:
    """Return a context in which `work` is what is being done."""
    context = copy_context()
    context.run(faults.operation.set, getattr(work, "__qualname__", "background"))
    return context


def _listen(server: grpc.aio.Server, settings: ServiceSettings) -> None:
    """Take the ports; raise Unavailable if one cannot be had."""
    port, name = settings.port, "PORT"
    try:
        _try_port(settings.host, port)
        if tls.own is None:
            server.add_insecure_port(f"{settings.host}:{port}")
        else:
            server.add_secure_port(f"{settings.host}:{port}", tls.own.server_credentials())
        if settings.metrics_port:
            port, name = settings.metrics_port, "METRICS_PORT"
            metrics.serve(settings.host, port)
    except (OSError, RuntimeError):
        raise Unavailable(
            f"{settings.host}:{port} cannot be listened on: is something there already? Set {name} to another."
        ) from None


def _try_port(host: str, port: int) -> None:
    """Raise OSError if the port cannot be had; gRPC would write lines of its own about it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    socket.create_server((host.strip("[]"), port), family=family).close()


async def _close(closing: Sequence[Callable[[], Awaitable[None]]]) -> None:
    for close in closing:
        await close()


async def _end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel `tasks` until they have ended: asyncio.wait_for may swallow a cancellation, before Python 3.12."""
    while going := [task for task in tasks if not task.done()]:
        for task in going:
            task.cancel()
        await asyncio.wait(going, timeout=1)
