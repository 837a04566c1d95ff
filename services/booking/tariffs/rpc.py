"""TariffService: parse, call, render."""

from uuid import UUID

from boxoffice.booking.v1 import tariffs_pb2 as pb
from boxoffice.booking.v1 import tariffs_pb2_grpc

from services.booking.clients import InventoryClient
from services.booking.tariffs import messages, operation
from services.chassis.errors import Code, Failure
from services.chassis.store.database import Database
from services.chassis.wire.identity import organizes
from services.chassis.wire.incoming import Context


class TariffServicer(tariffs_pb2_grpc.TariffServiceServicer):
    """Fees and kinds of tickets of shows. The contract says what each method does and when it fails."""

    def __init__(self, db: Database, inventory: InventoryClient) -> None:
        self._db = db
        self._inventory = inventory

    async def SetShowFees(self, request: pb.SetShowFeesRequest, context: Context) -> pb.ShowFees:
        show_id, fees = UUID(request.show_id), messages.parse_fees(request)
        await self._inventory.owner_of_show(show_id)
        await operation.set_fees(self._db, show_id, fees)
        return messages.render_fees(show_id, fees)

    async def GetShowFees(self, request: pb.GetShowFeesRequest, context: Context) -> pb.ShowFees:
        show_id = UUID(request.show_id)
        await self._inventory.owner_of_show(show_id)
        return messages.render_fees(show_id, await operation.find_fees(self._db, show_id))

    async def SetShowKinds(self, request: pb.SetShowKindsRequest, context: Context) -> pb.ShowKinds:
        show_id, kinds = UUID(request.show_id), messages.parse_kinds(request)
        await self._inventory.owner_of_show(show_id)
        await operation.set_kinds(self._db, show_id, kinds)
        return messages.render_kinds(show_id, kinds)

    async def GetShowKinds(self, request: pb.GetShowKindsRequest, context: Context) -> pb.ShowKinds:
        show_id = UUID(request.show_id)
        await self._check_seen(show_id)
        return messages.render_kinds(show_id, await operation.find_kinds(self._db, show_id))

    async def _check_seen(self, show_id: UUID) -> None:
        """Raise SHOW_NOT_FOUND unless the caller sees a show: a draft, whoever organizes it does, and no service."""
        try:
            await self._inventory.show(show_id)
        except Failure as failure:
            if failure.code != Code.NOT_FOUND or not organizes(await self._inventory.owner_of_show(show_id)):
                raise
