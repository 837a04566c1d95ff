"""Payments: closing them, and which of them the bank is to be asked about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read
from services.payment.checkout import statements as sql
from services.payment.domain.payments import Payment

LOOKED_AFTER = timedelta(days=6)
"""How long a payment that has ended is asked about, where money may come late: longer than a customer's bank takes to
decide. Webhooks tell of it as a rule, but a gateway does not repeat them for so long."""


@dataclass(frozen=True, slots=True)
class Due:
    """A live payment that is due to be asked about."""

    payment: Payment
    over: bool
    """Whether its session's time is up."""
    closed: bool
    """Whether its booking is closed for payment."""


@retried
async def close(db: Database, booking_ids: Sequence[UUID], poll_seconds: float) -> list[Payment]:
    """Close bookings for payment, for good; return their live payments, whose sessions are to be closed."""
    ids = {"booking_ids": list(booking_ids)}
    async with db.transaction() as tx:
        await tx.send(sql.CLOSE_ACCOUNTS, ids)
        rows = await tx.fetch(sql.TAKE_LIVE_PAYMENTS, ids | {"poll_seconds": poll_seconds})
    return read(Payment, rows)


@retried
async def due(db: Database, first_seconds: float, max_seconds: float, most: int) -> list[Due]:
    """Take live payments that are due to be asked about."""
    times = {"first_seconds": first_seconds, "max_seconds": max_seconds, "most": most}
    return read(Due, await db.fetch(sql.CLAIM_POLLS, times))


@retried
async def ended(db: Database, most: int) -> list[Payment]:
    """Take payments that have ended without money at another gateway than the bank, and are due for another look."""
    return read(Payment, await db.fetch(sql.CLAIM_ENDED, {"looked_after": LOOKED_AFTER, "most": most}))


async def hasten(db: Database, payment_id: UUID, session_id: str) -> None:
    """Let the payments that have this id or this session be asked about at once, if money may come of them yet."""
    await db.execute(sql.HASTEN_POLLS, {"payment_id": payment_id, "session_id": session_id})


async def hasten_all(db: Database) -> int:
    """Let all live payments be asked about at once; return how many were not due yet."""
    return await db.execute(sql.HASTEN_ALL_POLLS)
