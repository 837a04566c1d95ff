"""The services whose topics notifications reads."""

import grpc
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc
from boxoffice.events.v1 import events_pb2
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc

from services.chassis.wire.calls import call
from services.chassis.writes.consumer import Events

BOOKINGS = "bookings"
"""The topic that booking publishes."""

SHOWS = "shows"
"""The topic that inventory publishes."""


class BookingClient:
    """The booking service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = booking_pb2_grpc.BookingServiceStub(channel)

    async def events(self, after: int | None) -> Events[events_pb2.BookingEvent]:
        """Return the events of the topic `bookings` behind a position, or the oldest that are kept."""
        answer = await call(self._stub.ListBookingEvents, booking_pb2.ListBookingEventsRequest(after=after))
        return Events(answer.events, answer.last)


class InventoryClient:
    """The inventory service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = catalog_pb2_grpc.CatalogServiceStub(channel)

    async def events(self, after: int | None) -> Events[events_pb2.ShowEvent]:
        """Return the events of the topic `shows` behind a position, or the oldest that are kept."""
        answer = await call(self._stub.ListShowEvents, catalog_pb2.ListShowEventsRequest(after=after))
        return Events(answer.events, answer.last)
