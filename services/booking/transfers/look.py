"""Offers, as they are read."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.booking.errors import OfferNotFound
from services.booking.transfers import statements as sql
from services.booking.transfers.domain import Offer
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """An offer, and what its ticket is for."""

    offer: Offer
    seat_label: str
    ticket_kind: str
    title: str
    theatre: str
    city: str
    starts_at: datetime
    time_zone: str
    now: datetime
    """When it was looked at."""


@dataclass(frozen=True, slots=True)
class ShownTicket:
    """A ticket that somebody has by an offer, and what it is for."""

    booking_id: UUID
    title: str
    theatre: str
    city: str
    screen: str
    starts_at: datetime
    time_zone: str
    seat_label: str
    is_good: bool
    """Whether its seat was not given back."""
    is_rescheduled: bool


@retried
async def held_by(db: Database, user_id: UUID, offer_id: UUID) -> ShownTicket:
    """Return the ticket that a user holds by an offer; raise OfferNotFound."""
    for ticket in read(ShownTicket, await db.fetch(sql.HELD, {"id": offer_id, "user_id": user_id})):
        return ticket
    raise OfferNotFound()


@retried
async def offer_of(db: Database, offer_id: UUID) -> ShownOffer:
    """Return an offer; raise OfferNotFound."""
    for offer in read(ShownOffer, await db.fetch(sql.SHOWN, {"id": offer_id})):
        return offer
    raise OfferNotFound()


@retried
async def made_by(
    db: Database, user_id: UUID, booking_id: UUID | None, *, after: UUID | None, limit: int
) -> list[ShownOffer]:
    """Return offers that a user has made, newest first, that are older than `after`."""
    given = {"user_id": user_id, "booking_id": booking_id, "after": after, "limit": limit}
    return read(ShownOffer, await db.fetch(sql.MADE, given))


@retried
async def made_to(
    db: Database, user_id: UUID, email: str, booking_id: UUID | None, *, after: UUID | None, limit: int
) -> list[ShownOffer]:
    """Return offers to an address that are open, and those that a user has accepted, newest first; see `made_by`.

    No offer is made to the empty address.
    """
    given = {"user_id": user_id, "email": email, "booking_id": booking_id, "after": after, "limit": limit}
    return read(ShownOffer, await db.fetch(sql.RECEIVED, given))
