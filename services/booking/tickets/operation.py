"""Tickets: issued in the transaction that confirms a booking, revoked in the one that decides to give its seats back.

Both have the locks of the bookings, so a ticket that is VALID is of a seat that is left, and no other has one.
"""

from collections.abc import Sequence
from uuid import UUID

from services.booking.tickets import statements as sql
from services.booking.tickets.domain import HeldTicket
from services.chassis.ids import new_id
from services.chassis.store.database import Database, Statement, retried
from services.chassis.store.rows import Row, read


def new_ids(seats: int) -> list[UUID]:
    """Return ids for the tickets of so many seats of a booking, in the order of these."""
    return [new_id() for _ in range(seats)]


def joined(ids: Sequence[UUID] | None) -> str:
    """Return ids as statements take them that write those of several bookings."""
    return ",".join(map(str, ids or ()))


def issued(booking_ids: Sequence[UUID]) -> Statement:
    """Return the statement that issues the tickets of bookings, whose rows name them."""
    return sql.ISSUE, {"booking_ids": list(booking_ids)}


def revoked(seats: Sequence[tuple[UUID, UUID]]) -> Statement:
    """Return the statement that revokes the tickets of seats of bookings."""
    return sql.REVOKE, {"booking_id": [booking for booking, _ in seats], "seat_id": [seat for _, seat in seats]}


def admitted(booking_ids: Sequence[UUID]) -> Statement:
    """Return the statement that gives the seats of bookings by whose tickets somebody was let in."""
    return sql.ADMITTED, {"booking_ids": list(booking_ids)}


def transferred(booking_ids: Sequence[UUID]) -> Statement:
    """Return the statement that gives the tickets of bookings that somebody else holds than the buyer."""
    return sql.TRANSFERRED, {"booking_ids": list(booking_ids)}


def read_seats(rows: Sequence[Row]) -> set[tuple[UUID, UUID]]:
    """Return what these statements give: bookings, each with a seat."""
    return {(row.booking_id, row.show_seat_id) for row in rows}


def read_held(rows: Sequence[Row]) -> dict[tuple[UUID, UUID], HeldTicket]:
    """Return the tickets that somebody else holds than the buyer, by bookings and seats."""
    return {(row.booking_id, row.show_seat_id): held for row, held in zip(rows, read(HeldTicket, rows), strict=True)}


@retried
async def issue_of_before(db: Database, *, limit: int = 500) -> int:
    """Issue the tickets of one batch of bookings that code from before has confirmed; return of how many. A job."""
    found = await db.fetch(sql.WITHOUT_TICKETS, {"limit": limit})
    if not found:
        return 0
    async with db.transaction() as tx:
        locked = await tx.fetch(sql.LOCK_WITHOUT_TICKETS, {"ids": [row.id for row in found]})
        ids = [row.id for row in locked]
        named = {"id": ids, "ticket_ids": [joined(new_ids(row.seats)) for row in locked]}
        await tx.send(sql.NAME_TICKETS, named)
        await tx.send(*issued(ids))
    return len(ids)


async def revoke_of_before(db: Database, *, limit: int = 500) -> int:
    """Revoke the tickets of one batch of refunds that code from before has decided; return of how many. A job."""
    return await db.execute(sql.REVOKE_OF_BEFORE, {"limit": limit})
