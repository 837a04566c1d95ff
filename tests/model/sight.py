"""What is seen of Boxoffice, in the model's words: the seat map as everybody sees it, else what the databases hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from boxoffice.booking.v1 import booking_pb2
from boxoffice.inventory.v1 import inventory_pb2, seat_pb2

from services.booking import messages
from services.payment.checkout.messages import CAPTURES, DECLINES
from tests.model.facts import Seats, Seen

Databases = Mapping[str, psycopg.AsyncConnection[Any]]

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
"""When everything begins."""
CLAIMS = "SELECT booking_id::text, state, expires_at FROM reservations"
BOOKINGS = "SELECT id::text, state, expires_at, starts_at, show_revision FROM bookings"
REFUNDS = "SELECT booking_id::text, amount, percentage, state FROM booking_refunds ORDER BY booking_id, number"
TICKETS = "SELECT booking_id::text, show_seat_id::text FROM tickets WHERE state <> 'REVOKED'"
CANCELLATION = "SELECT CASE WHEN cancelled_at IS NULL THEN 'ASKED' ELSE 'KNOWN' END FROM cancelled_shows"
PAYMENTS = """
    SELECT p.id::text, p.state, coalesce(s.status, ''), EXISTS (
        SELECT FROM refunds r WHERE r.payment_id = p.id AND r.cause <> 'REQUESTED'
    )
    FROM payments p LEFT JOIN bank.sessions s ON s.id = p.session_id
"""
PLACE_IDS = "SELECT id::text FROM show_seats WHERE area_id IS NOT NULL ORDER BY number"
PLACES = """
    SELECT CASE
        WHEN holder_id IS NULL OR expires_at <= boxoffice_clock() THEN
            CASE WHEN blocked_for IS NULL THEN 'AVAILABLE' ELSE 'BLOCKED' END
        WHEN status = 'HELD' THEN status ELSE 'BOOKED'
    END, expires_at, price, holder_id FROM show_seats WHERE area_id IS NOT NULL ORDER BY number
"""
"""Maps tell how many there are alone."""
WEBHOOKS = """
    SELECT DISTINCT CASE WHEN d.is_lie THEN 'lie' ELSE 'webhook' END, s.payment_id::text
    FROM bank.deliveries d JOIN bank.sessions s ON s.id = d.session_id
    WHERE d.delivered_at IS NULL AND d.type <> 'refund.succeeded'
"""
MESSAGES: Mapping[str, Callable[[bytes], tuple[str, str]]] = {
    messages.RELEASES: lambda payload: ("release", messages.Release.FromString(payload).name.booking_id),
    messages.CLOSURES: lambda payload: ("close", payload.decode()),
    messages.REFUNDS: lambda payload: ("return", messages.Refund.FromString(payload).payment_id),
    CAPTURES: lambda payload: (
        "captured",
        booking_pb2.BatchRecordCapturesRequest.Capture.FromString(payload).payment_id,
    ),
    DECLINES: lambda payload: (
        "declined",
        booking_pb2.BatchRecordDeclinesRequest.Decline.FromString(payload).payment_id,
    ),
}
"""What the model calls a message, by its topic."""


async def see(databases: Databases, seat_map: Awaitable[inventory_pb2.SeatMap], seat_ids: Sequence[str]) -> Seen:
    """Look at everything: at the seats as everybody does, else into the databases."""
    (
        shown,
        [claims, shows, places],
        [bookings, refunds, tickets, cancellation, captures, booking_messages],
        [payments, closed, payment_messages, webhooks],
    ) = await asyncio.gather(
        seat_map,
        _rows(databases, "inventory", CLAIMS, "SELECT status FROM show_counters", PLACES),
        _rows(
            databases,
            "booking",
            BOOKINGS,
            REFUNDS,
            TICKETS,
            CANCELLATION,
            "SELECT payment_id::text FROM captures",
            "SELECT topic, payload FROM outbox",
        ),
        _rows(
            databases,
            "payment",
            PAYMENTS,
            "SELECT booking_id::text FROM booking_accounts WHERE closed_at IS NOT NULL",
            "SELECT topic, payload FROM outbox",
            WEBHOOKS,
        ),
    )
    return Seen(
        _shown(shown),
        {id_: ("RESERVED" if state == "RELEASED" else state, since(until)) for id_, state, until in claims},
        {
            id_: (state, since(until) if until else None, (since(starts), revision))
            for id_, state, until, starts, revision in bookings
        },
        _by_booking(refunds),
        _seats_by_booking(tickets, seat_ids),
        {id_: (state, status, (id_,) in captures, returned) for id_, state, status, returned in payments},
        frozenset(id_ for (id_,) in closed),
        (shows == [("CANCELLED",)], "".join(how_far for (how_far,) in cancellation)),
        frozenset([*(MESSAGES[topic](payload) for topic, payload in booking_messages + payment_messages), *webhooks]),
        [_place(*place) for place in places],
        tuple(getattr(shown.areas[0], count) for count in ("available", "held", "booked", "blocked")),
    )


def _place(status: str, until: datetime | None, price: int, holder: UUID) -> tuple[str, int | None, int, int | None]:
    """Return a place as the model shows it: whose it is by the user's number, which its id says."""
    if status in ("AVAILABLE", "BLOCKED"):
        return (status, None, 0, None)
    return (status, since(until) if until else None, price, holder.int - 1)


def _shown(seat_map: inventory_pb2.SeatMap) -> list[tuple[str, int | None, int]]:
    """Return each seat's status, when that ends, and its price."""
    return [
        (
            seat_pb2.ShowSeat.Status.Name(seat.status),
            seconds(seat.expires_at) if seat.expires_at.seconds else None,
            seat.price,
        )
        for seat in seat_map.seats
    ]


def _by_booking(refunds: list[Any]) -> dict[str, list[tuple[int, int, bool]]]:
    """Return the refunds of each booking, in order."""
    refunds_of: dict[str, list[tuple[int, int, bool]]] = {}
    for id_, amount, percentage, state in refunds:
        refunds_of.setdefault(id_, []).append((amount, percentage, state == "REFUNDED"))
    return refunds_of


def _seats_by_booking(tickets: list[Any], seat_ids: Sequence[str]) -> dict[str, Seats]:
    """Return the seats for which bookings have tickets."""
    seats_of: dict[str, Seats] = {}
    for booking_id, seat_id in tickets:
        seats_of[booking_id] = seats_of.get(booking_id, frozenset()) | {seat_ids.index(seat_id)}
    return seats_of


async def _rows(databases: Databases, name: str, *queries: str) -> list[list[Any]]:
    """Return the rows of some queries, in one round trip."""
    async with databases[name].pipeline():
        cursors = [await databases[name].execute(query.encode()) for query in queries]
    return [await cursor.fetchall() for cursor in cursors]


def seconds(stamp: Any) -> int:
    return since(stamp.ToDatetime(UTC))


def since(time: datetime) -> int:
    seconds = (time - NOON).total_seconds()
    assert seconds == int(seconds), "time stands still at whole seconds"
    return int(seconds)
