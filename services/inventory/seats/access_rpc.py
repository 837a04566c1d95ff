"""The methods of InventoryService about access codes: parse, call, render."""

from datetime import UTC
from uuid import UUID

from boxoffice.inventory.v1 import inventory_pb2 as pb

from services.chassis.errors import InvalidField
from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.chassis.wire.identity import caller
from services.chassis.wire.incoming import Context
from services.chassis.wire.pages import BY_ID, PageRequest
from services.chassis.writes.idempotency import NOBODY, Once, key_of
from services.inventory.seats.access_codes import CreateAccessCode, RevokeAccessCode, list_codes, new_code
from services.inventory.seats.commands import ShowKey
from services.inventory.seats.messages import access_code, seat_ids
from services.inventory.seats.operation import SeatDesk
from services.inventory.seats.rights import normalised


class AccessCodeMethods:
    """The methods of InventoryService about access codes."""

    _db: Database
    _desk: SeatDesk

    async def CreateAccessCode(self, request: pb.CreateAccessCodeRequest, context: Context) -> pb.AccessCode:
        ids = seat_ids(request.show_seat_ids, "showSeatIds")
        if bool(request.reason) == bool(ids):
            raise InvalidField(("reason", "must be given where showSeatIds is not, and left out where it is"))
        show_id, who = UUID(request.show_id), caller.get()
        key = key_of(request, "CreateAccessCode", (who and who.user_id) or NOBODY)
        create: CreateAccessCode[pb.AccessCode] = CreateAccessCode(
            show_id=show_id,
            id=new_id(),
            access_code=normalised(request.code) or new_code(),
            reason=request.reason or None,
            seat_ids=ids,
            max_seats=request.max_seats,
            ends_at=request.ends_at.ToDatetime(UTC) if request.HasField("ends_at") else None,
            once=Once(key and ShowKey.of(key, show_id), pb.AccessCode, lambda made: access_code(show_id, made)),
        )
        return await self._desk.submit(create)

    async def ListAccessCodes(self, request: pb.ListAccessCodesRequest, context: Context) -> pb.ListAccessCodesResponse:
        show_id, page = UUID(request.show_id), PageRequest(request, BY_ID)
        codes = await list_codes(self._db, show_id, after=page.after, limit=page.limit)
        messages, token = page.render(codes, lambda used: used.code.id, lambda used: access_code(show_id, used))
        return pb.ListAccessCodesResponse(access_codes=messages, next_page_token=token)

    async def RevokeAccessCode(
        self, request: pb.RevokeAccessCodeRequest, context: Context
    ) -> pb.RevokeAccessCodeResponse:
        await self._desk.submit(RevokeAccessCode(show_id=UUID(request.show_id), code_id=UUID(request.access_code_id)))
        return pb.RevokeAccessCodeResponse()
