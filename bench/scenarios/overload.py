"""Three times what it can do: what is still done, how fast the rest is refused, and how soon all is as before."""

from __future__ import annotations

import time
from uuid import uuid4

import grpc
from boxoffice.booking.v1.booking_pb2 import CreateBookingRequest
from boxoffice.booking.v1.booking_pb2_grpc import BookingServiceStub

from bench.cases import Case
from bench.load import Load, Tally
from bench.measure import Latencies, Result
from bench.stories import book
from bench.world import Purchase, World

CLIENTS = 256
PEAK_PER_SECOND = 4_000
TIMES = 3
GENERATORS = 2
REFUSED = "OVERLOADED"
AT_REST_SECONDS = 0.05
"""A booking by itself that takes no longer than this meets no crowd."""
PATIENCE_SECONDS = 30


def cases() -> list[Case]:
    """Return the one case."""
    return [Case("overload", "bookings", run, once=True)]


def run(world: World) -> Result:
    """Find the peak with as many clients as wait for their answers; then offer three times as much to whoever comes."""
    seconds = world.seconds
    wanted = world.spread(int(seconds * PEAK_PER_SECOND))
    [tally], _ = world.run(Load(book, wanted, world.target, CLIENTS, seconds=seconds))
    peak = tally.result({}).per_second

    seconds *= 2
    offered = peak * TIMES
    wanted = world.spread(int(offered * seconds) + GENERATORS)
    loads = [
        Load(book, wanted[number::GENERATORS], world.target, rate=offered / GENERATORS, seconds=seconds)
        for number in range(GENERATORS)
    ]
    tallies, usage = world.run(*loads)
    recovery = _recovery_seconds(world, world.spread(PATIENCE_SECONDS * 100))
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    refusals = Latencies.of(whole.latencies.get(REFUSED, []))
    result = whole.result(usage)
    return whole.result(
        usage,
        peak_per_second=peak,
        offered_per_second=offered,
        goodput_of_peak=result.per_second / peak,
        refused_p50_ms=refusals.p50,
        refused_p99_ms=refusals.p99,
        recovery_seconds=recovery,
    )


def _recovery_seconds(world: World, wanted: list[Purchase]) -> float:
    """Book again and again, and return when for the first time that was as quick as it ought to be."""
    began = time.monotonic()
    with world.channel("booking") as channel:
        create = BookingServiceStub(world.signed(channel)).CreateBooking
        for one in wanted:
            request = CreateBookingRequest(
                user_id=one.user, show_id=one.show, show_seat_ids=one.seats, idempotency_key=str(uuid4())
            )
            asked = time.monotonic()
            try:
                create(request, timeout=PATIENCE_SECONDS)
            except grpc.RpcError:
                time.sleep(AT_REST_SECONDS)  # refused: a client that asked at once again would be load itself
                continue
            if time.monotonic() - asked <= AT_REST_SECONDS:
                break
    return time.monotonic() - began
