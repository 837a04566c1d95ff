"""AdmissionService: parse, call, render."""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC
from uuid import UUID

from boxoffice.booking.v1 import admissions_pb2 as pb
from boxoffice.booking.v1 import admissions_pb2_grpc

from services.booking.admissions import messages
from services.booking.admissions.domain import Result
from services.booking.admissions.door_lists import DoorLists
from services.booking.admissions.door_rows import ListHead
from services.booking.admissions.operation import Answered, JudgeScans, Scan, Seen
from services.booking.admissions.undoing import Undo, UndoAdmissions, list_scans
from services.booking.clients import InventoryClient
from services.booking.errors import CodeNotValid
from services.booking.gates.operation import get_gate
from services.booking.tickets.keyring import TicketKeys
from services.chassis.errors import Failure, InvalidField
from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.chassis.wire import pages
from services.chassis.wire.identity import caller
from services.chassis.wire.incoming import Context, encoded
from services.chassis.writes.desk import Desk
from services.chassis.writes.idempotency import key_of

LONGEST_OFFLINE_SECONDS = 30 * 86_400.0


class AdmissionServicer(admissions_pb2_grpc.AdmissionServiceServicer):
    """Admissions. The contract says what each method does and when it fails."""

    def __init__(
        self, db: Database, keys: TicketKeys, inventory: InventoryClient, judge: JudgeScans, lists: DoorLists
    ) -> None:
        self._db = db
        self._keys = keys
        self._inventory = inventory
        self._judge = judge
        self._lists = lists
        self._undo = UndoAdmissions(db)
        self.desk: Desk[Scan, Answered] = Desk(judge, name="check-ins", max_batch=128, max_keys=128, gathers=False)
        """Where scans wait for the next batch; whoever serves this closes it."""

    async def GetGate(self, request: pb.GetGateRequest, context: Context) -> pb.GetGateResponse:
        gate, shows, now = await get_gate(self._db, _gate(request))
        return messages.gate(gate, shows, now, self._lists.opens)

    async def CheckInTicket(self, request: pb.CheckInTicketRequest, context: Context) -> pb.CheckIn:
        try:
            code = await self._keys.verified(request.code)
        except CodeNotValid:
            code = None
        scan_id, gate_id = new_id(), _gate(request)
        key = key_of(request, "CheckInTicket", gate_id)
        scan = Scan(
            id=scan_id,
            gate_id=gate_id,
            show_id=UUID(request.show_id),
            name=key.key if key else str(scan_id),
            request_hash=key.request_hash if key else b"",
            ticket_id=code.ticket_id if code else None,
            revision=code.revision if code else 0,
            gate_time=request.gate_time.ToDatetime(UTC) if request.HasField("gate_time") else None,
            seen=None,
            render=messages.judged,
        )
        answer = await self.desk.submit(scan)
        return messages.answered(answer) if answer.guest_name else encoded(pb.CheckIn, answer.content)

    async def SyncScans(self, request: pb.SyncScansRequest, context: Context) -> pb.SyncScansResponse:
        gate_id, show_id, sent_at = _gate(request), UUID(request.show_id), request.sent_at.ToDatetime(UTC)
        batch = []
        for one in request.scans:
            gate_time = one.gate_time.ToDatetime(UTC)
            ago = (sent_at - gate_time).total_seconds()
            scan = Scan(
                id=new_id(),
                gate_id=gate_id,
                show_id=show_id,
                name=one.key,
                request_hash=hashlib.sha256(one.SerializeToString(deterministic=True)).digest(),
                ticket_id=UUID(one.ticket_id) if one.ticket_id else None,
                revision=one.revision,
                gate_time=gate_time,
                seen=Seen(_refusal(one), one.came_in, min(max(ago, 0.0), LONGEST_OFFLINE_SECONDS)),
                render=messages.judged,
            )
            batch.append(scan)
        answers = []
        for answer in await self._judge.together(batch):
            if isinstance(answer, Failure):
                raise answer
            answers.append(messages.answered(answer))
        return pb.SyncScansResponse(scans=answers)

    async def DownloadDoorList(
        self, request: pb.DownloadDoorListRequest, context: Context
    ) -> AsyncGenerator[pb.DoorListPart, None]:
        tickets = 0
        async with aclosing(self._lists.pages(_gate(request), UUID(request.show_id))) as parts:
            async for part in parts:
                if isinstance(part, ListHead):
                    yield pb.DoorListPart(head=messages.head(part, self._lists.good_for))
                    continue
                tickets += len(part.tickets)
                yield messages.page(part, UUID(request.gate_id))
        yield pb.DoorListPart(end=pb.DoorListPart.End(tickets=tickets))

    async def UndoAdmission(self, request: pb.UndoAdmissionRequest, context: Context) -> pb.Scan:
        who, show_id = caller.get(), UUID(request.show_id)
        await self._inventory.owner_of_show(show_id)
        undo = Undo(UUID(request.scan_id), show_id, request.reason, who.user_id if who else None)
        return messages.scan(await self._undo.alone(undo))

    async def ListScans(self, request: pb.ListScansRequest, context: Context) -> pb.ListScansResponse:
        page, show_id = pages.PageRequest(request, pages.BY_ID), UUID(request.show_id)
        await self._inventory.owner_of_show(show_id)
        found = await list_scans(
            self._db,
            show_id,
            conflicts_only=request.conflicts_only,
            after=page.after,
            limit=page.limit,
        )
        scans, token = page.render(found, lambda scan: scan.id, messages.scan)
        return pb.ListScansResponse(scans=scans, next_page_token=token)


def _gate(
    request: pb.GetGateRequest | pb.CheckInTicketRequest | pb.SyncScansRequest | pb.DownloadDoorListRequest,
) -> UUID:
    """Return the gate that a request is of; raise InvalidField where nobody says so, as where AUTH is off."""
    if not request.gate_id:
        raise InvalidField(("gateId", "must say which gate it is, as no credential does"))
    return UUID(request.gate_id)


def _refusal(scan: pb.SyncScansRequest.JudgedScan) -> Result:
    """Return why a gate let nobody in; what let somebody in is judged anew."""
    if scan.came_in:
        return Result.ADMITTED
    if scan.result in (pb.Scan.RESULT_UNSPECIFIED, pb.Scan.ADMITTED):
        raise InvalidField(("scans", "must say by `result` why nobody came in, or that somebody `cameIn`"))
    return Result(pb.Scan.Result.Name(scan.result))
