"""Offers of tickets: when one may be made, accepted and given back, and what becomes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.booking.bookings.domain import Booking
from services.booking.errors import (
    AccountDeleted,
    AddressNotVerified,
    BookingUnderWay,
    OfferNotFound,
    OfferOpen,
    OfferOver,
    TicketAdmitted,
    TicketLimitExceeded,
    TicketNotFound,
    TicketNotTransferable,
    TicketRevoked,
    TicketTransferred,
    TooManyOffers,
)
from services.booking.tickets.codes import MAX_REVISION
from services.booking.tickets.domain import Ticket, TicketState

OFFERS_PER_DAY = 5
"""How often a ticket may be offered within a day, at most."""

DAY = timedelta(days=1)


class OfferState(StrEnum):
    """What became of an offer. All but OPEN and ACCEPTED are never left."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"
    RETURNED = "RETURNED"


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer of a ticket: its row."""

    id: UUID
    ticket_id: UUID
    booking_id: UUID
    show_id: UUID
    user_id: UUID
    """Who has made it: the buyer."""
    recipient_name: str
    """As the buyer calls whom it is made to; empty where that is forgotten."""
    email: str
    """Whom it is made to; empty where it is open no more."""
    state: OfferState
    recipient_id: UUID | None
    """Who has accepted or declined it."""
    created_at: datetime
    expires_at: datetime
    updated_at: datetime
    """When it came to its state."""

    def state_at(self, now: datetime) -> OfferState:
        """Return its state as callers see it: what is overdue is EXPIRED, whatever its row says."""
        return OfferState.EXPIRED if self.state == OfferState.OPEN and self.expires_at <= now else self.state

    def moved(self, state: OfferState, now: datetime, recipient_id: UUID | None = None) -> "Offer":
        """Return it in another state. The address is forgotten, and the name unless it was accepted."""
        return replace(
            self,
            state=state,
            updated_at=now,
            email="",
            recipient_name=self.recipient_name if state == OfferState.ACCEPTED else "",
            recipient_id=recipient_id or self.recipient_id,
        )


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who accepts or declines an offer."""

    user_id: UUID
    email: str | None
    """The address of the account; None where nobody is asked who callers are."""
    is_verified: bool


@dataclass(frozen=True, slots=True)
class Has:
    """What a user has of a show, when an offer is accepted."""

    tickets: int
    """Seats of bookings, and tickets that were accepted before."""
    is_booking: bool
    """Whether a booking is being made of which the seats are not known yet."""
    is_closed: bool
    """Whether the account is deleted, or about to be."""


def check_may_be_offered(
    booking: Booking | None,
    ticket: Ticket | None,
    user_id: UUID,
    lately: Sequence[datetime],
    alive: Offer | None,
    *,
    is_cancelled: bool,
    now: datetime,
) -> None:
    """Raise why a user may not offer a ticket.

    `lately`: when it was offered within a day, the latest first; `alive`: the offer of it that is OPEN or ACCEPTED.
    """
    if booking is None or ticket is None or booking.user_id != user_id:
        raise TicketNotFound()
    check_may_move(booking, ticket, is_cancelled=is_cancelled, now=now)
    if ticket.is_transferred:
        raise TicketTransferred([ticket.show_seat_id])
    if booking.guest_name is not None:
        raise TicketNotTransferable(why="GUEST")
    # A code has four bits for its revision; one is left for giving the ticket back.
    if ticket.revision + 2 > MAX_REVISION:
        raise TicketNotTransferable(why="TOO_OFTEN")
    if alive is not None and alive.state_at(now) == OfferState.OPEN:
        raise OfferOpen(offer_id=alive.id)
    if len(lately) >= OFFERS_PER_DAY:
        raise TooManyOffers(max(1.0, (lately[OFFERS_PER_DAY - 1] + DAY - now).total_seconds()))


def check_may_move(booking: Booking, ticket: Ticket, *, is_cancelled: bool, now: datetime) -> None:
    """Raise why a ticket cannot change hands, whoever wants it."""
    if ticket.state == TicketState.REVOKED:
        raise TicketRevoked()
    if ticket.state == TicketState.ADMITTED:
        raise TicketAdmitted([ticket.show_seat_id])
    if is_cancelled:
        raise TicketNotTransferable(why="SHOW_CANCELLED")
    if booking.show.starts_at <= now:
        raise TicketNotTransferable(why="SHOW_STARTED")


def check_is_for(offer: Offer | None, who: Recipient) -> Offer:
    """Return the offer, if it is made to somebody; raise OfferNotFound, AddressNotVerified."""
    if offer is None:
        raise OfferNotFound()
    if offer.recipient_id == who.user_id or who.email is None:
        return offer
    if not offer.email or offer.email != who.email:
        raise OfferNotFound()
    if not who.is_verified:
        raise AddressNotVerified()
    return offer


def check_open(offer: Offer, now: datetime) -> None:
    """Raise OfferOver where an offer is open no more."""
    if (state := offer.state_at(now)) != OfferState.OPEN:
        raise OfferOver(status=state)


def check_may_have(offer: Offer, who: Recipient, has: Has, limit: int) -> None:
    """Raise why a user may not have one more ticket of a show, of which they may have `limit`."""
    if has.is_closed:
        raise AccountDeleted()
    if offer.user_id == who.user_id:
        raise TicketNotTransferable(why="OWN")
    if has.is_booking:
        raise BookingUnderWay()
    if has.tickets >= limit:
        raise TicketLimitExceeded(limit=limit)
