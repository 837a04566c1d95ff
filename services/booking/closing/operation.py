"""Closing users whose accounts are deleted, or about to be."""

from datetime import datetime
from uuid import UUID

from services.booking.bookings.events import TOPIC
from services.booking.closing import statements as sql
from services.booking.errors import BookingToCome, PaymentOpen
from services.booking.transfers import operation as transfers
from services.chassis.store.database import Database, retried

CLOSED_MINUTES = 20
"""How long a user is kept from booking: longer than an access token lives, which is 15 minutes. It ends by itself, so
that nobody who keeps the account after all is kept out for long, whatever fails."""


@retried
async def close(db: Database, user_id: UUID) -> datetime:
    """Keep a user from booking for a while; return until when, which is another instant each time."""
    async with db.transaction() as tx:
        await tx.send(*transfers.closing(user_id))
        [closed] = await tx.fetch(sql.CLOSE_USER, {"user_id": user_id, "minutes": CLOSED_MINUTES})
    until: datetime = closed.closed_until
    return until


async def reopen(db: Database, user_id: UUID, until: datetime) -> None:
    """Let a user book again, unless somebody has closed them anew."""
    await db.execute(sql.REOPEN_USER, {"user_id": user_id, "closed_until": until})


@retried
async def check_nothing_open(db: Database, user_id: UUID) -> None:
    """Raise BookingToCome or PaymentOpen where something of a user is open."""
    if rows := await db.fetch(sql.OPEN_BOOKINGS, {"user_id": user_id}):
        raise BookingToCome(booking_id=rows[0].id)
    if await db.fetch(sql.OPEN_REFUNDS, {"user_id": user_id}):
        raise PaymentOpen()


async def forget_names_of(db: Database, user_id: UUID, *, limit: int = 1_000) -> None:
    """Forget for whom the bookings of a user are who is closed, batch by batch, and by what they are found."""
    while await db.execute(sql.FORGET_GUESTS_OF, {"user_id": user_id, "limit": limit}) == limit:
        pass
    async with db.transaction() as tx:
        await tx.send(sql.WAIT_FOR_NAMES, {"topic": TOPIC})
        await tx.send(sql.FORGET_WORDS_OF, {"user_id": user_id})


async def forget_closed(db: Database, *, limit: int = 500) -> int:
    """Forget one batch of users who are closed no longer; return how many. A job."""
    return await db.execute(sql.FORGET_CLOSED, {"limit": limit})
