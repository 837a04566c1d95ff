"""Scans, judged and kept in the transaction that lets people in.

Whoever changes a ticket has the lock of its booking. So a scan and a refund of the same seat are one after the other,
as are scans of it, on any number of gates and replicas.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from services.booking.admissions import statements as sql
from services.booking.admissions.domain import Doors, FirstScan, Result, ScannedTicket, fault_of, judge
from services.booking.errors import GateNotForShow, GateNotFound
from services.booking.tickets.domain import TicketState
from services.chassis.errors import IdempotencyKeyReused
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction
from services.chassis.store.rows import columns, read
from services.chassis.writes.operation import Operation, Rows

AFTERWARDS = "+offline"
"""Behind the name of a scan that was judged twice: here, and then by a gate that was not answered."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a scan came to."""

    scan: "Scan"
    result: Result
    came_in: bool
    scanned_at: datetime
    ticket: ScannedTicket | None
    first: FirstScan | None
    """By which its holder was in before."""
    opens_at: datetime

    @property
    def told(self) -> ScannedTicket | None:
        """The ticket, where it is one of the gate's show: of another one the gate is told nothing."""
        return self.ticket if self.ticket is not None and self.ticket.show_id == self.scan.show_id else None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a gate without a connection has decided by itself."""

    result: Result
    came_in: bool
    seconds_ago: float
    """How long before it told us, by its clock."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a gate has read, to be judged; or what it has judged by itself, to be kept."""

    urgent: ClassVar[bool] = False

    id: UUID
    gate_id: UUID
    show_id: UUID
    name: str
    """The gate's own: the same one is answered the same."""
    request_hash: bytes
    ticket_id: UUID | None
    """None: it is no code."""
    revision: int
    """Of the code."""
    gate_time: datetime | None
    seen: Seen | None
    """None: the gate has a connection, and asks."""
    render: Callable[[Judged], bytes]

    @property
    def key(self) -> UUID:
        """Scans of one ticket take turns."""
        return self.ticket_id or self.id

    @property
    def names(self) -> tuple[UUID, str]:
        """What it is known by."""
        return self.gate_id, self.name


@dataclass(frozen=True, slots=True)
class Answered:
    """What a gate is told."""

    content: bytes
    """What is kept of it."""
    guest_name: str
    """For whom the ticket was booked, where it is a guest's; it is not kept, as it is forgotten elsewhere."""


@dataclass(frozen=True, slots=True)
class KnownScan:
    """A scan that is kept."""

    request_hash: bytes
    answer: bytes
    result: Result
    is_offline: bool


@dataclass(slots=True)
class LockedTickets:
    """Tickets that nobody else changes meanwhile, and what scans of them come to."""

    now: datetime
    doors: Mapping[UUID, Doors]
    gates: Mapping[tuple[UUID, UUID | None], str]
    """The names of those that are not over, each with a show of theirs."""
    tickets: dict[UUID, ScannedTicket]
    first: dict[UUID, FirstScan]
    known: dict[tuple[UUID, str], KnownScan]
    """The scans that are kept, by their names."""
    judged: list[tuple[Judged, bytes]] = field(default_factory=list)


class JudgeScans(Operation[Scan, LockedTickets, Answered]):
    """Judges scans, and lets people in; refuses with GateNotFound, GateNotForShow, IdempotencyKeyReused."""

    def __init__(self, db: Database, opens: timedelta) -> None:
        """Doors open so long before a show."""
        super().__init__(db)
        self._opens = opens

    def reads(self, batch: Sequence[Scan], *, wait: bool) -> dict[str, Statement]:
        """Lock homes, then bookings, then read the rest."""
        shows = {"show_ids": sorted({scan.show_id for scan in batch})}
        tickets = {"ticket_ids": sorted({scan.ticket_id for scan in batch if scan.ticket_id})}
        return {
            "homes": (sql.LOCK_DOORS, shows),
            "locked": (sql.LOCK_BOOKINGS if wait else sql.LOCK_FREE_BOOKINGS, tickets),
            "clock": (READ_CLOCK, ()),
            "doors": (sql.DOORS, shows),
            "gates": (sql.GATES, shows | {"gate_ids": sorted({scan.gate_id for scan in batch})}),
            "tickets": (sql.TICKETS, tickets),
            "first": (sql.FIRST_SCANS, tickets),
            "known": (sql.KNOWN_SCANS, _names(batch)),
        }

    async def load(self, tx: Transaction, batch: Sequence[Scan], rows: Rows) -> tuple[LockedTickets, set[UUID]]:
        """Tickets whose bookings somebody else has locked are left for later."""
        locked = {row.id for row in rows["locked"]}
        tickets = {ticket.id: ticket for ticket in read(ScannedTicket, rows["tickets"])}
        state = LockedTickets(
            now=rows["clock"][0].now,
            doors={doors.show_id: doors for doors in read(Doors, rows["doors"])},
            gates={(row.id, row.show_id): row.name for row in rows["gates"]},
            tickets=tickets,
            first={first.ticket_id: first for first in read(FirstScan, rows["first"])},
            known={
                (row.gate_id, row.key): KnownScan(
                    bytes(row.request_hash), bytes(row.answer), Result(row.result), row.is_offline
                )
                for row in rows["known"]
            },
        )
        return state, {ticket.id for ticket in tickets.values() if ticket.booking_id not in locked}

    def decide(self, command: Scan, state: LockedTickets) -> Answered:
        """Judge a scan that is not known."""
        ticket = state.tickets.get(command.ticket_id) if command.ticket_id else None
        is_theirs = ticket is not None and ticket.show_id == command.show_id
        return Answered(self._judged(command, ticket, state), ticket.guest_name if ticket and is_theirs else "")

    def _judged(self, command: Scan, ticket: ScannedTicket | None, state: LockedTickets) -> bytes:
        if (known := state.known.get(command.names)) is not None and command.seen is not None and not known.is_offline:
            # It was judged here, and the answer was lost: that counts, unless the gate has let in whom we had not.
            if known.result == Result.ADMITTED or not command.seen.came_in:
                return known.answer
            command = replace(command, name=command.name + AFTERWARDS)
            known = state.known.get(command.names)
        if known is not None:
            if known.request_hash != command.request_hash:
                raise IdempotencyKeyReused()
            return known.answer
        if (command.gate_id, command.show_id) not in state.gates:
            is_there = any(gate_id == command.gate_id for gate_id, _ in state.gates)
            raise GateNotForShow() if is_there else GateNotFound()
        doors = state.doors[command.show_id]
        if command.seen is None:
            result = judge(ticket, command.revision, doors, command.gate_id, state.now, self._opens)
        elif command.seen.came_in:
            result = fault_of(ticket, command.revision, command.show_id) or Result.ADMITTED
        else:
            result = command.seen.result
        judged = Judged(
            scan=command,
            result=result,
            came_in=command.seen.came_in if command.seen else result == Result.ADMITTED,
            scanned_at=state.now - timedelta(seconds=command.seen.seconds_ago) if command.seen else state.now,
            ticket=ticket,
            first=None,
            opens_at=doors.opens_at(self._opens),
        )
        if judged.told and result == Result.ALREADY_USED:
            judged = replace(judged, first=state.first.get(judged.told.id))
        return self._keep(judged, state)

    def _keep(self, judged: Judged, state: LockedTickets) -> bytes:
        """Note what a scan came to: those of the same ticket and name that come after it find it so."""
        scan, ticket, answer = judged.scan, judged.ticket, judged.scan.render(judged)
        if judged.result == Result.ADMITTED:
            assert ticket is not None
            state.tickets[ticket.id] = replace(ticket, state=TicketState.ADMITTED)
            state.first[ticket.id] = FirstScan(
                ticket.id, scan.id, judged.scanned_at, state.gates[scan.gate_id, scan.show_id]
            )
        state.known[scan.names] = KnownScan(scan.request_hash, answer, judged.result, scan.seen is not None)
        state.judged.append((judged, answer))
        return answer

    async def write(self, tx: Transaction, state: LockedTickets) -> None:
        """Write the scans, and who is in by them."""
        if not state.judged:
            return
        judged = [one for one, _ in state.judged]
        kept = columns(judged, "result", "came_in", "scanned_at", ticket_id=lambda one: one.ticket and one.ticket.id)
        kept |= columns(
            (one.scan for one in judged), "id", "gate_id", "request_hash", "show_id", "gate_time", key="name"
        )
        kept |= {
            "is_offline": [one.scan.seen is not None for one in judged],
            "recorded_at": [state.now for _ in judged],
            "first_scan_id": [one.first and one.first.scan_id for one in judged],
            "answer": [answer for _, answer in state.judged],
        }
        await tx.send(sql.ADD_SCANS, kept)
        if admitted := [one for one in judged if one.result == Result.ADMITTED]:
            await tx.send(sql.ADMIT, columns(admitted, id="scan.id", ticket_id="scan.ticket_id"))


def _names(batch: Sequence[Scan]) -> dict[str, list[Any]]:
    """Return the names under which scans may be kept."""
    afterwards = [replace(scan, name=scan.name + AFTERWARDS) for scan in batch if scan.seen is not None]
    return columns([*batch, *afterwards], "gate_id", key="name")
