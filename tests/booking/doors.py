"""Gates of a house's show, and tickets that are shown to them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
from boxoffice.booking.v1 import admissions_pb2, booking_pb2, gates_pb2, tickets_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from boxoffice_client.errors import BoxofficeError
from services.booking.tickets import renewal
from services.booking.tickets.keys import vault_of
from tests.booking.house import House
from tests.booking.wiring import TICKET_KEY_SECRET
from tests.patience import patient

VAULT = vault_of(TICKET_KEY_SECRET)


@dataclass
class Door:
    """A gate of the house's show."""

    house: House
    gate: gates_pb2.Gate

    async def scan(self, code: str, key: str = "", *, show: str = "", admissions: Any = None) -> admissions_pb2.CheckIn:
        """Show the gate a code; `admissions`: at another replica."""
        answer: admissions_pb2.CheckIn = await (admissions or self.house.admissions).CheckInTicket(
            admissions_pb2.CheckInTicketRequest(
                gate_id=self.gate.id,
                show_id=show or self.house.show_id,
                code=code,
                idempotency_key=key,
                gate_time=Timestamp(seconds=1_800_000_000),
            )
        )
        return answer

    async def result(self, code: str, key: str = "", **where: Any) -> str:
        return admissions_pb2.Scan.Result.Name((await self.scan(code, key, **where)).result)


def in_future(days: float) -> Timestamp:
    now = Timestamp()
    now.GetCurrentTime()
    return Timestamp(seconds=now.seconds + int(timedelta(days=days).total_seconds()))


async def make_gate(
    house: House,
    name: str = "North",
    *,
    offline: str = "NEVER",
    of: UUID | None = None,
    key: str = "",
    days: float = 90,
) -> Door:
    """Make a gate of the house's show."""
    request = gates_pb2.CreateGateRequest(
        organization_id=str(of or ""),
        name=name,
        show_ids=[house.show_id],
        ends_at=in_future(days),
        offline=gates_pb2.Gate.Offline.Value(offline),
        idempotency_key=key,
    )
    return Door(house, await house.gates.CreateGate(request))


async def codes_of(house: House, booking: booking_pb2.Booking) -> list[str]:
    """Return the codes of a booking's tickets, in the order of its seats."""
    await renewal.renew(house.db, VAULT, timedelta(days=90))
    listed = await house.tickets.ListTickets(tickets_pb2.ListTicketsRequest(booking_id=booking.id))
    return [
        (await house.tickets.GetTicketCode(tickets_pb2.GetTicketCodeRequest(ticket_id=ticket.id))).code
        for ticket in listed.tickets
        if ticket.status != tickets_pb2.Ticket.REVOKED
    ]


async def listed(house: House, *, conflicts: bool = False) -> list[admissions_pb2.Scan]:
    """Return the scans of the show, oldest first."""
    request = admissions_pb2.ListScansRequest(show_id=house.show_id, conflicts_only=conflicts, page_size=100)
    return list((await house.admissions.ListScans(request)).scans)[::-1]


async def undo(house: House, scan_id: str, *, show: str = "", reason: str = "wrong person") -> admissions_pb2.Scan:
    request = admissions_pb2.UndoAdmissionRequest(show_id=show or house.show_id, scan_id=scan_id, reason=reason)
    undone: admissions_pb2.Scan = await house.admissions.UndoAdmission(request)
    return undone


STANDING = """
    SELECT t.id FROM tickets t LEFT JOIN admissions a ON a.ticket_id = t.id AND a.undone_at IS NULL
    WHERE CASE t.state WHEN 'ADMITTED' THEN a.scan_id IS NULL WHEN 'VALID' THEN a.scan_id IS NOT NULL ELSE false END
"""


async def check_standing(house: House) -> None:
    """Who is in is in by one scan, and nobody else by any."""
    assert await house.db.fetch(STANDING) == []


def unknown() -> str:
    return str(uuid4())


AWAY = BoxofficeError("away", code=grpc.StatusCode.UNAVAILABLE)


class Wire:
    """The Python client's methods that a gate calls, over a house's own connection; a gate runs in a thread."""

    def __init__(self, door: Door, loop: asyncio.AbstractEventLoop) -> None:
        self._door = door
        self._loop = loop
        self.is_away = False
        self.loses_answers = False
        self.parts: list[admissions_pb2.DoorListPart] = []
        """Of the last door list."""

    def with_options(self, **_: Any) -> Wire:
        return self

    def _run(self, call: Any) -> Any:
        if self.is_away:
            call.close()
            raise AWAY
        answer = asyncio.run_coroutine_threadsafe(call, self._loop).result(patient(20))
        if self.loses_answers:
            raise AWAY
        return answer

    def check_in_ticket(self, **fields: Any) -> admissions_pb2.CheckIn:
        request = admissions_pb2.CheckInTicketRequest(**fields)
        answer: admissions_pb2.CheckIn = self._run(self._called("CheckInTicket", request))
        return answer

    def sync_scans(self, **fields: Any) -> admissions_pb2.SyncScansResponse:
        request = admissions_pb2.SyncScansRequest(**fields)
        answer: admissions_pb2.SyncScansResponse = self._run(self._called("SyncScans", request))
        return answer

    async def _called(self, method: str, request: Any) -> Any:
        return await getattr(self._door.house.admissions, method)(request)

    def download_door_list(self, **fields: Any) -> list[admissions_pb2.DoorListPart]:
        async def parts() -> list[admissions_pb2.DoorListPart]:
            request = admissions_pb2.DownloadDoorListRequest(**fields)
            return [part async for part in self._door.house.admissions.DownloadDoorList(request)]

        self.parts = self._run(parts())
        return self.parts
