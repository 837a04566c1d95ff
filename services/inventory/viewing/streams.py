"""Changes of seats on the wire: as messages of WatchSeats, and as server-sent events."""

import json
import random
from collections.abc import Sequence
from typing import Any

from boxoffice.inventory.v1 import inventory_pb2 as pb
from google.api import httpbody_pb2
from google.protobuf import json_format

from services.chassis.errors import InvalidField
from services.chassis.wire.incoming import headers
from services.chassis.wire.pages import MAX_ANSWER_BYTES
from services.chassis.wire.times import to_timestamp
from services.inventory.seats.messages import PUBLIC_STATUSES
from services.inventory.viewing.changes import Change, Form

EVENT_HEADERS = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"))
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
            )
            for seat in change.seats
        ],
    )


def _encode(change: Change) -> bytes:
    """Encode a change as an element of WatchSeatsResponse.changes: such elements in a row are the message."""
    return pb.WatchSeatsResponse(changes=[_seat_change(change)]).SerializeToString()


def _event(change: Change) -> bytes:
    said = json_format.MessageToDict(_seat_change(change), always_print_fields_with_no_presence=True)
    return f"id: {change.sequence}\ndata: {json.dumps(said, separators=(',', ':'))}\n\n".encode()


def body(data: bytes) -> Any:
    """Return a piece of the stream of events."""
    return httpbody_pb2.HttpBody(content_type="text/event-stream", data=data)


def greeting() -> bytes:
    """Say after how many milliseconds to come again: not all at once, when a server stops."""
    return f"retry: {random.randint(1_000, 3_000)}\n\n".encode()


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
    stream = b"".join(events) or b":\n\n"
    pieces = (stream[start : start + PIECE_BYTES] for start in range(0, len(stream), PIECE_BYTES))
    return [bytes(body(piece).SerializeToString()) for piece in pieces]


MESSAGES = Form(_encode, _messages)
EVENTS = Form(_event, _bodies)


def last_event_id() -> int | None:
    """Return the number that the header Last-Event-ID of the present call has, if it is there."""
    text = str(headers.get().get("last-event-id", ""))
    if not text:
        return None
    if not (len(text) <= 10 and text.isascii() and text.isdecimal() and int(text) <= MAX_SEQUENCE):
        raise InvalidField(("Last-Event-ID", "is not the id of an event of this stream"))
    return int(text)
