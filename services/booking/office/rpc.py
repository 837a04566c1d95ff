"""OfficeService: parse, call, render."""

from uuid import UUID

from boxoffice.booking.v1 import office_pb2 as pb
from boxoffice.booking.v1 import office_pb2_grpc

from services.booking.clients import InventoryClient
from services.booking.office import messages
from services.booking.office.sales import sales_of
from services.chassis.errors import Code, Failure
from services.chassis.store.database import Database
from services.chassis.wire.incoming import Context

UNKNOWN = "UTC"
"""The time zone of what is not on sale yet."""


class OfficeServicer(office_pb2_grpc.OfficeServiceServicer):
    """What those who run shows look at. The contract says what each method does and when it fails."""

    def __init__(self, db: Database, inventory: InventoryClient) -> None:
        self._db = db
        self._inventory = inventory

    async def GetShowSales(self, request: pb.GetShowSalesRequest, context: Context) -> pb.Sales:
        days, show_id = messages.parse_days(request), UUID(request.show_id)
        return messages.sales(await sales_of(self._db, {show_id: await self._zone_of(show_id)}, days))

    async def GetEventSales(self, request: pb.GetEventSalesRequest, context: Context) -> pb.Sales:
        days, event_id = messages.parse_days(request), UUID(request.event_id)
        await self._inventory.owner_of_event(event_id)
        return messages.sales(await sales_of(self._db, await self._inventory.zones_of_shows(event_id), days))

    async def _zone_of(self, show_id: UUID) -> str:
        """Return the time zone of a show's venue; raise inventory's SHOW_NOT_FOUND."""
        try:
            return (await self._inventory.show(show_id)).time_zone or UNKNOWN
        except Failure as failure:
            if failure.code != Code.NOT_FOUND:
                raise
        # A draft has an owner, who is told that nothing of it is sold.
        await self._inventory.owner_of_show(show_id)
        return UNKNOWN
