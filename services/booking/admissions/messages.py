"""Scans as messages."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from boxoffice.booking.v1 import admissions_pb2 as pb
from boxoffice.inventory.v1 import seat_pb2

from services.booking.admissions.domain import KeptScan, Result
from services.booking.admissions.door_lists import Page
from services.booking.admissions.door_rows import ListHead
from services.booking.admissions.operation import Answered, Judged
from services.booking.gates.domain import Gate, ShowTimes
from services.booking.gates.messages import render as render_gate
from services.chassis.wire.times import to_timestamp


def gate(of: Gate, shows: Sequence[ShowTimes], now: datetime, opens: timedelta) -> pb.GetGateResponse:
    """Render a gate and its shows, whose doors open so long before them."""
    return pb.GetGateResponse(
        gate=render_gate(of),
        shows=[
            pb.GetGateResponse.ShowTimes(
                show_id=str(show.show_id),
                opens_at=to_timestamp(show.starts_at - opens),
                starts_at=to_timestamp(show.starts_at),
                ends_at=to_timestamp(show.ends_at),
            )
            for show in shows
        ],
        time=to_timestamp(now),
    )


def judged(one: Judged) -> bytes:
    """Render what a gate is told of a scan, as it is kept."""
    answer = pb.CheckIn(
        scan_id=str(one.scan.id), result=pb.Scan.Result.Value(one.result), scanned_at=to_timestamp(one.scanned_at)
    )
    ticket = one.told
    if ticket is not None:
        answer.ticket_id, answer.seat_label, answer.section = str(ticket.id), ticket.seat_label, ticket.section
        answer.tier, answer.kind = seat_pb2.Seat.Tier.Value(ticket.tier), ticket.ticket_kind
        answer.features.extend(feature for feature in ticket.features.split(",") if feature)
    if one.first is not None:
        answer.used_at.CopyFrom(to_timestamp(one.first.scanned_at))
        answer.at_gate = one.first.gate_name
    if ticket is not None and one.result == Result.OTHER_GATE:
        answer.at_gate = ticket.home_name
    if one.result == Result.TOO_EARLY:
        answer.opens_at.CopyFrom(to_timestamp(one.opens_at))
    return answer.SerializeToString()


def answered(answer: Answered) -> pb.CheckIn:
    """Render what a gate is told."""
    told = pb.CheckIn.FromString(answer.content)
    told.guest_name = answer.guest_name
    return told


def head(begun: ListHead, good_for: timedelta) -> pb.DoorListPart.Head:
    """Render what a door list begins with."""
    return pb.DoorListPart.Head(
        show_id=str(begun.show_id),
        made_at=to_timestamp(begun.made_at),
        good_for_seconds=int(good_for.total_seconds()),
        opens_at=to_timestamp(begun.opens_at),
        ends_at=to_timestamp(begun.ends_at),
    )


def page(listed: Page, gate_id: UUID) -> pb.DoorListPart:
    """Render tickets of a door list, as a gate has to know them."""
    part = pb.DoorListPart()
    for ticket, code_hash in zip(listed.tickets, listed.hashes, strict=True):
        part.tickets.add(
            ticket_id=str(ticket.id),
            revision=ticket.revision,
            code_hash=code_hash,
            is_used=ticket.is_used,
            lets_in_here=ticket.lets_in_at(gate_id, listed.offline),
            home_gate=ticket.home_name if ticket.home_id != gate_id else "",
            seat_label=ticket.seat_label,
            section=ticket.section,
            tier=seat_pb2.Seat.Tier.Value(ticket.tier),
            kind=ticket.ticket_kind,
            features=[feature for feature in ticket.features.split(",") if feature],
        )
    return part


def scan(kept: KeptScan) -> pb.Scan:
    """Render a scan as it is kept."""
    undo = None
    if kept.undone_at is not None:
        undo = pb.Scan.Undo(
            time=to_timestamp(kept.undone_at), user_id=str(kept.undone_by or ""), reason=kept.undo_reason
        )
    return pb.Scan(
        id=str(kept.id),
        show_id=str(kept.show_id),
        gate_id=str(kept.gate_id),
        gate_name=kept.gate_name,
        ticket_id=str(kept.ticket_id or ""),
        seat_label=kept.seat_label,
        result=pb.Scan.Result.Value(kept.result),
        came_in=kept.came_in,
        is_offline=kept.is_offline,
        scanned_at=to_timestamp(kept.scanned_at),
        gate_time=to_timestamp(kept.gate_time) if kept.gate_time else None,
        recorded_at=to_timestamp(kept.recorded_at),
        first_scan_id=str(kept.first_scan_id or ""),
        first_scanned_at=to_timestamp(kept.first_scanned_at) if kept.first_scanned_at else None,
        first_gate_name=kept.first_gate_name,
        undo=undo,
    )
