"""Changes of seats on the wire: as messages of WatchSeats, and as server-sent events."""

import json
from collections.abc import Sequence

from boxoffice.inventory.v1 import inventory_pb2 as pb
from google.protobuf import json_format

from services.chassis.errors import InvalidField
from services.chassis.wire import event_stream
from services.chassis.wire.incoming import headers
from services.chassis.wire.pages import MAX_ANSWER_BYTES
from services.chassis.wire.times import to_timestamp
from services.inventory.seats.domain import SeatStatus
from services.inventory.seats.messages import CLAIMED, PUBLIC_STATUSES, show_times, tier_prices
from services.inventory.viewing.changes import Change, ChangedArea, ChangeForm

MAX_SEQUENCE = 2**31 - 1
PIECE_BYTES = 1024 * 1024


def _seat_change(change: Change) -> pb.SeatChange:
    return pb.SeatChange(
        sequence=change.sequence,
        changed_at=to_timestamp(change.changed_at),
        seats=[
            pb.SeatChange.ChangedSeat(
                id=str(seat.id),
                status=PUBLIC_STATUSES[seat.status],
                expires_at=to_timestamp(seat.expires_at) if seat.expires_at is not None else None,
                price=seat.price,
                blocked=(seat.blocked and seat.status in CLAIMED) or None,
            )
            for seat in change.seats
        ],
        show_cancelled=change.show_cancelled,
        prices=tier_prices(change.prices),
        rescheduled=show_times(change.rescheduled) if change.rescheduled else None,
        areas=map(_changed_area, change.areas),
    )


def _changed_area(area: ChangedArea) -> pb.SeatChange.ChangedArea:
    return pb.SeatChange.ChangedArea(
        id=str(area.id),
        available=area.statuses[SeatStatus.AVAILABLE],
        held=area.statuses[SeatStatus.HELD],
        booked=area.statuses[SeatStatus.RESERVED] + area.statuses[SeatStatus.BOOKED],
        blocked=area.statuses[SeatStatus.BLOCKED],
    )


def _encode(change: Change) -> bytes:
    """Encode a change as an element of WatchSeatsResponse.changes: such elements in a row are the message."""
    return pb.WatchSeatsResponse(changes=[_seat_change(change)]).SerializeToString()


def _event(change: Change) -> bytes:
    fields = json_format.MessageToDict(_seat_change(change), always_print_fields_with_no_presence=True)
    return f"id: {change.sequence}\ndata: {json.dumps(fields, separators=(',', ':'))}\n\n".encode()


def _messages(changes: Sequence[bytes]) -> Sequence[bytes]:
    """Put changes together; one by itself is never too large, as a hall has not so many seats."""
    messages = [b""]
    for change in changes:
        if len(messages[-1]) + len(change) > MAX_ANSWER_BYTES:
            messages.append(b"")
        messages[-1] += change
    return messages


def _bodies(events: Sequence[bytes]) -> Sequence[bytes]:
    """Put events together to pieces of their stream, which may be cut anywhere."""
    stream = b"".join(events) or event_stream.NOTHING
    pieces = (stream[start : start + PIECE_BYTES] for start in range(0, len(stream), PIECE_BYTES))
    return [event_stream.body(piece).SerializeToString() for piece in pieces]


MESSAGES = ChangeForm(_encode, _messages)
EVENTS = ChangeForm(_event, _bodies)


def last_event_id() -> int | None:
    """Return the number that the header Last-Event-ID of the present call has, if it is there."""
    text = str(headers.get().get("last-event-id", ""))
    if not text:
        return None
    if not (len(text) <= 10 and text.isascii() and text.isdecimal() and int(text) <= MAX_SEQUENCE):
        raise InvalidField(("Last-Event-ID", "is not the id of an event of this stream"))
    return int(text)
