"""Scans of tickets, and what is decided by one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.booking.tickets.domain import TicketState


class Result(StrEnum):
    """Whether a ticket lets in, or why not."""

    ADMITTED = "ADMITTED"
    ALREADY_USED = "ALREADY_USED"
    REVOKED = "REVOKED"
    OTHER_SHOW = "OTHER_SHOW"
    TOO_EARLY = "TOO_EARLY"
    SHOW_OVER = "SHOW_OVER"
    UNKNOWN_CODE = "UNKNOWN_CODE"
    CODE_REPLACED = "CODE_REPLACED"
    OTHER_GATE = "OTHER_GATE"
    SHOW_CANCELLED = "SHOW_CANCELLED"
    LIST_TOO_OLD = "LIST_TOO_OLD"


@dataclass(frozen=True, slots=True)
class ScannedTicket:
    """A ticket under the lock of its booking: its row, and the words for its seat."""

    id: UUID
    booking_id: UUID
    show_id: UUID
    state: TicketState
    revision: int
    seat_label: str
    section: str
    tier: str
    ticket_kind: str
    features: str
    """What is special about the seat, commas between."""
    guest_name: str
    home_id: UUID | None
    """The gate that may let it in without a connection, where that has a door list that is good; None: no gate may."""
    home_name: str


@dataclass(frozen=True, slots=True)
class Doors:
    """A show, as its doors have to do with it."""

    show_id: UUID
    starts_at: datetime
    ends_at: datetime
    is_cancelled: bool
    """Or about to be."""

    def opens_at(self, before: timedelta) -> datetime:
        """Return when people are let in, which they are until it ends."""
        return self.starts_at - before


@dataclass(frozen=True, slots=True)
class FirstScan:
    """The scan by which a ticket's holder is in."""

    ticket_id: UUID
    scan_id: UUID
    scanned_at: datetime
    gate_name: str


def judge(
    ticket: ScannedTicket | None, revision: int, doors: Doors, gate_id: UUID, now: datetime, before: timedelta
) -> Result:
    """Return what a scan with a connection comes to. `revision` is of the code, `before`: how early doors open."""
    if (fault := fault_of(ticket, revision, doors.show_id)) is not None or ticket is None:
        return fault or Result.UNKNOWN_CODE
    if doors.is_cancelled:
        return Result.SHOW_CANCELLED
    if now < doors.opens_at(before):
        return Result.TOO_EARLY
    if doors.ends_at <= now:
        return Result.SHOW_OVER
    if ticket.home_id not in (None, gate_id):
        return Result.OTHER_GATE
    return Result.ADMITTED


def fault_of(ticket: ScannedTicket | None, revision: int, show_id: UUID) -> Result | None:
    """Return why a ticket lets nobody in to a show by a code of this revision, whenever and wherever; None: it does."""
    if ticket is None:
        return Result.UNKNOWN_CODE
    if ticket.show_id != show_id:
        return Result.OTHER_SHOW
    if ticket.state == TicketState.REVOKED:
        return Result.REVOKED
    if ticket.revision != revision:
        return Result.CODE_REPLACED
    if ticket.state == TicketState.ADMITTED:
        return Result.ALREADY_USED
    return None


@dataclass(frozen=True, slots=True)
class KeptScan:
    """A scan as it is listed."""

    id: UUID
    show_id: UUID
    gate_id: UUID
    gate_name: str
    ticket_id: UUID | None
    seat_label: str
    result: Result
    came_in: bool
    is_offline: bool
    scanned_at: datetime
    gate_time: datetime | None
    recorded_at: datetime
    first_scan_id: UUID | None
    first_scanned_at: datetime | None
    first_gate_name: str
    undone_at: datetime | None
    undone_by: UUID | None
    undo_reason: str
