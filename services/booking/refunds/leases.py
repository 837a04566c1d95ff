"""Refunds that nobody has carried out yet, and those that cannot be."""

from uuid import UUID

from services.booking.bookings.leases import LEASE_SECONDS
from services.booking.refunds import statements as sql
from services.booking.refunds.operation import DecidedRefund
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read


@retried
async def claim_refunds(db: Database, *, limit: int = 100) -> list[DecidedRefund]:
    """Take over one batch of refunds that nobody has carried out."""
    async with db.transaction() as tx:
        claimed = await tx.fetch(sql.CLAIM_REFUNDS, {"lease_seconds": LEASE_SECONDS, "limit": limit})
    return read(DecidedRefund, claimed)


async def postpone_refund(db: Database, refund_id: UUID, seconds: float) -> None:
    """Have a refund taken over in `seconds`."""
    await db.execute(sql.POSTPONE_REFUND, {"seconds": seconds, "id": refund_id})


@retried
async def mark_refund_stuck(db: Database, refund_id: UUID) -> bool:
    """Show that a refund cannot be carried out; return whether that is news. It is tried each minute."""
    marked = await db.fetch(sql.STICK_REFUND, {"id": refund_id})
    return bool(marked and marked[0].is_news)


@retried
async def mark_whole_stuck(db: Database, booking_id: UUID) -> bool:
    """Show the same of a refund that the release before has begun."""
    marked = await db.fetch(sql.REFUND_STUCK, {"id": booking_id})
    return bool(marked and marked[0].is_news)
