"""GateService: parse, call, render."""

import asyncio
from collections.abc import Sequence
from datetime import UTC
from uuid import UUID

from boxoffice.booking.v1 import gates_pb2 as pb
from boxoffice.booking.v1 import gates_pb2_grpc

from services.booking.clients import InventoryClient
from services.booking.gates import messages
from services.booking.gates.domain import ShowTimes
from services.booking.gates.operation import (
    ChangeGate,
    ChangeGates,
    CreateGate,
    CreateGates,
    list_gates,
    new_credential,
)
from services.chassis.errors import Code, Failure, InvalidField
from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.chassis.wire import pages
from services.chassis.wire.identity import caller
from services.chassis.wire.incoming import Context
from services.chassis.writes.idempotency import NOBODY, Once, key_of


class GateServicer(gates_pb2_grpc.GateServiceServicer):
    """Gates. The contract says what each method does and when it fails."""

    def __init__(self, db: Database, inventory: InventoryClient) -> None:
        self._db = db
        self._inventory = inventory
        self._create = CreateGates(db)
        self._change = ChangeGates(db)

    async def CreateGate(self, request: pb.CreateGateRequest, context: Context) -> pb.Gate:
        who = caller.get()
        creator = who.user_id if who else None
        organization_id, gate_id = _organization(request), new_id()
        wish = CreateGate(
            id=gate_id,
            organization_id=organization_id,
            name=request.name,
            shows=await self._shows(request.show_ids, organization_id),
            offline=messages.parse_offline(request.offline),
            ends_at=request.ends_at.ToDatetime(UTC),
            created_by=creator,
            credential=new_credential(),
            once=Once(key_of(request, "CreateGate", creator or NOBODY), pb.Gate, messages.render),
        )
        gate: pb.Gate = await self._create.alone(wish)
        if gate.id == str(gate_id):  # else it was made by the same request before, and its credential was shown
            gate.credential = wish.credential
        return gate

    async def _shows(self, show_ids: Sequence[str], organization_id: UUID | None) -> list[ShowTimes]:
        """Return when shows are; raise InvalidField where one is not the organization's, or is named twice."""
        if len(set(map(UUID, show_ids))) < len(show_ids):
            raise InvalidField(("showIds", "names a show twice"))
        found = await asyncio.gather(*(self._times(UUID(show_id)) for show_id in show_ids))
        shows = []
        for number, show in enumerate(found):
            if show is None or show.organization_id != organization_id:
                raise InvalidField((f"showIds[{number}]", "is not a show of the organization that is public"))
            shows.append(show)
        return shows

    async def _times(self, show_id: UUID) -> ShowTimes | None:
        try:
            return ShowTimes(show_id, *await self._inventory.times(show_id))
        except Failure as failure:
            if failure.code != Code.NOT_FOUND:
                raise
            return None

    async def ListGates(self, request: pb.ListGatesRequest, context: Context) -> pb.ListGatesResponse:
        page = pages.PageRequest(request, pages.BY_ID)
        found = await list_gates(self._db, _organization(request), after=page.after, limit=page.limit)
        gates, token = page.render(found, lambda gate: gate.id, messages.render)
        return pb.ListGatesResponse(gates=gates, next_page_token=token)

    async def RotateGate(self, request: pb.RotateGateRequest, context: Context) -> pb.Gate:
        credential = new_credential()
        wish = ChangeGate(UUID(request.gate_id), _organization(request), credential)
        gate = messages.render(await self._change.alone(wish))
        gate.credential = credential
        return gate

    async def RevokeGate(self, request: pb.RevokeGateRequest, context: Context) -> pb.Gate:
        wish = ChangeGate(UUID(request.gate_id), _organization(request), None)
        return messages.render(await self._change.alone(wish))


def _organization(
    request: pb.CreateGateRequest | pb.ListGatesRequest | pb.RotateGateRequest | pb.RevokeGateRequest,
) -> UUID | None:
    return UUID(request.organization_id) if request.organization_id else None
