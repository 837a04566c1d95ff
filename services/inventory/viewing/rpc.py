"""The methods of InventoryService that look at seats."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

from boxoffice.inventory.v1 import inventory_pb2 as pb
from google.api import httpbody_pb2

from services.chassis.wire import event_stream
from services.chassis.wire.incoming import Context
from services.inventory.viewing.availability import Availability
from services.inventory.viewing.render import (
    available_seats,
    available_seats_as_json,
    event_seats,
    seat_map,
    seat_map_as_json,
)
from services.inventory.viewing.streams import EVENTS, MESSAGES, last_event_id
from services.inventory.viewing.watching import Watching


class ViewMethods:
    """The methods of InventoryService that look at seats."""

    def __init__(self, availability: Availability, watching: Watching) -> None:
        self._availability = availability
        self._watching = watching

    async def GetSeatMap(self, request: pb.GetSeatMapRequest, context: Context) -> pb.SeatMap:
        return seat_map(await self._availability.get(UUID(request.show_id)), request)

    async def GetEventSeats(self, request: pb.GetEventSeatsRequest, context: Context) -> pb.EventSeats:
        event_id = UUID(request.event_id)
        show_id = await self._availability.show_of(event_id, UUID(request.show_id) if request.show_id else None)
        return event_seats(event_id, await self._availability.get(show_id))

    async def ListAvailableSeats(
        self, request: pb.ListAvailableSeatsRequest, context: Context
    ) -> pb.ListAvailableSeatsResponse:
        return available_seats(await self._availability.get(UUID(request.show_id)), request)

    async def RenderSeatMap(self, request: pb.RenderSeatMapRequest, context: Context) -> httpbody_pb2.HttpBody:
        return seat_map_as_json(await self._availability.get(UUID(request.show_id)), request)

    async def RenderAvailableSeats(
        self, request: pb.RenderAvailableSeatsRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        return available_seats_as_json(await self._availability.get(UUID(request.show_id)), request)

    def WatchSeats(self, request: pb.WatchSeatsRequest, context: Context) -> AsyncGenerator[Any, None]:
        return self._watching.watch(UUID(request.show_id), request.after_sequence, MESSAGES)

    def StreamSeats(
        self, request: pb.StreamSeatsRequest, context: Context
    ) -> AsyncGenerator[httpbody_pb2.HttpBody, None]:
        known = last_event_id()
        number = request.after_sequence if known is None else known
        return event_stream.answer(self._watching.watch(UUID(request.show_id), number, EVENTS), context)
