"""The methods of BookingService that watch bookings."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

from boxoffice.booking.v1 import booking_pb2 as pb
from google.api import httpbody_pb2
from google.protobuf import json_format

from services.booking.watching.watching import Watching
from services.chassis.wire import event_stream
from services.chassis.wire.incoming import Context


class WatchMethods:
    """The methods of BookingService that watch bookings."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    async def WatchBooking(
        self, request: pb.WatchBookingRequest, context: Context
    ) -> AsyncGenerator[pb.WatchBookingResponse, None]:
        async with aclosing(self._watch(request)) as bookings:
            async for booking in bookings:
                yield pb.WatchBookingResponse(booking=booking)

    def StreamBooking(
        self, request: pb.StreamBookingRequest, context: Context
    ) -> AsyncGenerator[httpbody_pb2.HttpBody, None]:
        return event_stream.answer(self._events(request), context)

    async def _events(self, request: pb.StreamBookingRequest) -> AsyncGenerator[httpbody_pb2.HttpBody, None]:
        async with aclosing(self._watch(request)) as bookings:
            async for booking in bookings:
                yield event_stream.body(event_stream.NOTHING if booking is None else _event(booking))

    def _watch(
        self, request: pb.WatchBookingRequest | pb.StreamBookingRequest
    ) -> AsyncGenerator[pb.Booking | None, None]:
        return self._watching.watch(UUID(request.booking_id), UUID(request.user_id) if request.user_id else None)


def _event(booking: pb.Booking) -> bytes:
    text = json_format.MessageToJson(booking, always_print_fields_with_no_presence=True, indent=None)
    return f"data: {text}\n\n".encode()
