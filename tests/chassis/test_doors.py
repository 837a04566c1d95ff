"""What is more than a process can answer in time is refused at the door, in words, and money has a door of its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc
from boxoffice.inventory.v1 import inventory_pb2, inventory_pb2_grpc
from google.rpc import error_details_pb2

from services.chassis.process.server import make_server
from services.chassis.wire import doors
from tests.gateway.fakes import METHODS, status_of
from tests.patience import eventually, patient

ID = "018f0000-0000-7000-8000-00000000000a"
GET = booking_pb2.GetBookingRequest(booking_id=ID)
CANCEL = booking_pb2.CancelBookingRequest(booking_id=ID, user_id=ID)
WATCH = inventory_pb2.WatchSeatsRequest(show_id=ID)
CONNECTIONS = 4
AT_ONCE = 3_600
"""More than gRPC lets wait by itself, and no more than a connection carries."""

MONEY = {
    "booking": {
        *("CancelBooking", "ListBookingEvents", "RefundBooking", "GrantRefund", "CancelShow", "CancelEvent"),
        *("BatchRecordCaptures", "BatchRecordDeclines", "BatchRecordUndoneRefunds"),
        *("CheckInTicket", "SyncScans"),
    },
    "payment": {
        *("ReceiveWebhook", "ReceiveRazorpayWebhook"),
        *("BatchRefundPayments", "BatchRefundParts", "BatchClosePayments"),
    },
    "bank": {"GetSession", "CloseSession", "CreateRefund"},
    "inventory": {
        "BatchExtendReservations",
        "BatchConfirmReservations",
        "BatchReleaseReservations",
        "BatchUnbookReservations",
        "BatchUnbookSeats",
        *("CancelShows", "GetOwner", "ListShowEvents", "CountClaims"),
    },
    "identity": {"GetJwks"},
}
"""What is never refused with sales; a new method has to be in its contract's budget and, if that is MONEY, here."""


class Bookings(booking_pb2_grpc.BookingServiceServicer):
    """Answers everything once it is let."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.inside = 0

    async def _answer(self, request: Any, context: Any) -> booking_pb2.Booking:
        self.inside += 1
        await self.go.wait()
        return booking_pb2.Booking()

    GetBooking = CancelBooking = _answer


class Seats(inventory_pb2_grpc.InventoryServiceServicer):
    async def WatchSeats(self, request: Any, context: Any) -> AsyncGenerator[Any, None]:
        yield inventory_pb2.WatchSeatsResponse()
        await asyncio.Event().wait()


@asynccontextmanager
async def serving(servicer: Any, *, max_streams: int = 1) -> AsyncIterator[list[grpc.aio.Channel]]:
    """Serve as a service does; give connections."""
    server = make_server(max_streams=max_streams)
    if isinstance(servicer, Bookings):
        booking_pb2_grpc.add_BookingServiceServicer_to_server(servicer, server)
    else:
        inventory_pb2_grpc.add_InventoryServiceServicer_to_server(servicer, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    async with AsyncExitStack() as ending:
        ending.push_async_callback(server.stop, 0)
        own = [("grpc.use_local_subchannel_pool", 1)]
        channels = [grpc.aio.insecure_channel(address, options=own) for _ in range(CONNECTIONS)]
        for channel in channels:
            await ending.enter_async_context(channel)
        yield channels


async def outcome(answer: Awaitable[Any]) -> str:
    """Return OK, or the reason of a refusal that says when to come back, or what else was met."""
    try:
        await answer
    except grpc.aio.AioRpcError as error:
        if not any(key == "grpc-status-details-bin" for key, _ in error.trailing_metadata() or ()):
            return f"bare {error.code().name}"
        info, comes_back = error_details_pb2.ErrorInfo(), False
        says_when = dict(error.trailing_metadata() or ()).get("retry-after") == "1"
        for detail in status_of(error).details:
            detail.Unpack(info)
            comes_back |= detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR)
        return info.reason if comes_back and says_when else f"{info.reason}, for ever"
    return "OK"


def test_money_is_what_is_said_here() -> None:
    found: dict[str, set[str]] = {}
    for path, method in METHODS.items():
        if doors.budget_of(path) == "MONEY":
            found.setdefault(method.cluster, set()).add(method.descriptor.name)
    assert found == MONEY


def test_nothing_that_answers_with_a_stream_is_money() -> None:
    assert [path for path, method in METHODS.items() if method.streams and doors.budget_of(path) == "MONEY"] == []


@pytest.mark.parametrize(("crowd", "other"), [("GetBooking", "CancelBooking"), ("CancelBooking", "GetBooking")])
async def test_more_calls_of_a_budget_than_can_be_answered_in_time_are_refused_and_those_of_the_other_are_not(
    crowd: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "MAX_CALLS", 3)
    servicer = Bookings()
    async with serving(servicer) as [channel, *_], asyncio.timeout(patient(30)):
        stub: Any = booking_pb2_grpc.BookingServiceStub(channel)
        calls = {"GetBooking": lambda: stub.GetBooking(GET), "CancelBooking": lambda: stub.CancelBooking(CANCEL)}
        inside = [asyncio.ensure_future(calls[crowd]()) for _ in range(3)]

        async def all_inside() -> bool:
            return servicer.inside == len(inside)

        await eventually(all_inside)
        assert await outcome(calls[crowd]()) == "OVERLOADED"
        inside.append(asyncio.ensure_future(calls[other]()))
        await eventually(all_inside)
        servicer.go.set()
        await asyncio.gather(*inside)
        assert await outcome(calls[crowd]()) == "OK"


async def test_of_a_burst_each_is_answered_or_told_that_it_is_too_much() -> None:
    servicer = Bookings()
    servicer.go.set()
    async with serving(servicer) as channels, asyncio.timeout(patient(60)):
        stubs: list[Any] = [booking_pb2_grpc.BookingServiceStub(channel) for channel in channels]
        calls = [stubs[number % CONNECTIONS].GetBooking(GET) for number in range(AT_ONCE)]
        met = Counter(await asyncio.gather(*map(outcome, calls)))
    assert met.keys() <= {"OK", "OVERLOADED"}
    assert met["OK"] >= doors.MAX_CALLS


async def test_of_a_crowd_that_watches_as_many_may_as_there_is_room_for_and_the_rest_is_told() -> None:
    room = AT_ONCE - 100
    async with serving(Seats(), max_streams=room) as channels, asyncio.timeout(patient(60)):
        stubs: list[Any] = [inventory_pb2_grpc.InventoryServiceStub(channel) for channel in channels]
        calls = [stubs[number % CONNECTIONS].WatchSeats(WATCH) for number in range(AT_ONCE)]
        met = Counter(await asyncio.gather(*(outcome(call.read()) for call in calls)))
    assert met == {"OK": room, "OVERLOADED": 100}
