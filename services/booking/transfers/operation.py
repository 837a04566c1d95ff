"""Offers of tickets: made, and moved on in the transaction that gives the ticket to somebody.

Whoever changes a ticket has the lock of its booking. So an acceptance, a refund and a scan of the same ticket are one
after the other. An acceptance has two locks before that: one by which its user is not closed meanwhile, and one by
which nobody begins a booking of the user for the show, so that what they have can be counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from boxoffice.booking.v1 import transfers_pb2 as pb
from boxoffice.events.v1 import events_pb2

from services.booking.bookings import events
from services.booking.bookings.domain import Booking
from services.booking.bookings.events import TicketNews
from services.booking.bookings.locked import LockedBookings, bookings_of
from services.booking.errors import OfferNotFound, OfferOver
from services.booking.tickets import statements as tickets_sql
from services.booking.tickets.domain import Ticket
from services.booking.transfers import statements as sql
from services.booking.transfers.domain import (
    Has,
    Offer,
    OfferState,
    Recipient,
    check_is_for,
    check_may_be_offered,
    check_may_have,
    check_may_move,
    check_open,
)
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction, retried
from services.chassis.store.rows import columns, read
from services.chassis.writes.idempotency import Once
from services.chassis.writes.operation import KeyedOperation, Operation, Rows

_Kind = events_pb2.BookingEvent.Kind
_TOLD = {
    OfferState.ACCEPTED: _Kind.TICKET_TRANSFERRED,
    OfferState.RETURNED: _Kind.TICKET_RETURNED,
    OfferState.DECLINED: _Kind.OFFER_DECLINED,
    OfferState.EXPIRED: _Kind.OFFER_EXPIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedTickets(LockedBookings):
    """Tickets that nobody else changes meanwhile, their offers, and what becomes of these."""

    tickets: dict[UUID, Ticket]
    offers: dict[UUID, Offer]
    """Those that are asked about, or, where a ticket is offered, are OPEN or ACCEPTED."""
    cancelled_shows: set[UUID]
    lately: Mapping[UUID, list[datetime]] = field(default_factory=dict)
    """When tickets were offered within a day, the latest first."""
    has: Mapping[tuple[UUID, UUID], Has] = field(default_factory=dict)
    """What users have of the shows of offers, by offer and user."""
    added: list[Offer] = field(default_factory=list)
    changed: list[tuple[Offer, Offer]] = field(default_factory=list)
    """Offers as they were, and as they are."""
    given: list[tuple[Ticket, UUID]] = field(default_factory=list)
    """Tickets as they were, and who holds them now."""
    news: list[TicketNews] = field(default_factory=list)

    def booking_of(self, offer: Offer) -> Booking:
        """Return the booking of an offer; raise OfferNotFound."""
        booking = self.bookings.get(offer.booking_id)
        if booking is None:
            raise OfferNotFound()
        return booking

    def move_offer(self, before: Offer, state: OfferState, recipient_id: UUID | None = None) -> Offer:
        """Note that an offer comes to another state, and that its booking tells of it."""
        offer = before.moved(state, self.now, recipient_id)
        self.offers[offer.id] = offer
        self.changed.append((before, offer))
        if (kind := _TOLD.get(state)) is not None:
            booking = self.booking_of(offer).with_moved_offer()
            self.bookings[booking.id] = booking
            holder_id = offer.recipient_id if state in (OfferState.ACCEPTED, OfferState.RETURNED) else None
            self.news.append(TicketNews(booking, kind, offer.ticket_id, offer.id, holder_id))
        return offer

    async def write(self, tx: Transaction, *, has_mails: bool) -> None:
        """Write what was changed. What ends goes before what is made: a ticket has one offer at a time."""
        if self.changed:
            moved = columns([offer for _, offer in self.changed], "id", "state", "updated_at", "recipient_name")
            moved |= {
                "before": [before.state for before, _ in self.changed],
                "recipient_id": [offer.recipient_id for _, offer in self.changed],
            }
            await tx.send(sql.MOVE_OFFERS, moved)
        if self.given:
            given = {
                "id": [ticket.id for ticket, _ in self.given],
                "user_id": [user_id for _, user_id in self.given],
                "revision": [ticket.revision + 1 for ticket, _ in self.given],
            }
            await tx.send(sql.MOVE_TICKETS, given)
        if self.added:
            names = ("id", "ticket_id", "booking_id", "show_id", "user_id", "recipient_name", "email", "created_at")
            added = columns(self.added, *names, "expires_at")
            await tx.send(sql.ADD_OFFERS, added | {"has_mails": has_mails})
        if self.news:
            await events.publish_tickets(tx, self.news)


def closing(user_id: UUID) -> Statement:
    """Return the statement by which a transaction waits for acceptances of a user, and keeps others off."""
    return sql.LOCK_CLOSING, {"user_id": user_id}


def shares_to_book(wanted: Sequence[tuple[UUID, UUID]]) -> list[Statement]:
    """Return the statements that count the tickets of others that users have of shows, before bookings are begun.

    The first one locks, so that nothing is accepted until the bookings can be counted, too.
    """
    named = {"user_id": [user_id for user_id, _ in wanted], "show_id": [show_id for _, show_id in wanted]}
    return [(sql.LOCK_SHARES_TO_BOOK, named), (sql.FROM_OTHERS, named)]


# --- Made


@dataclass(frozen=True, slots=True)
class OfferTicket:
    """The wish to offer a ticket to somebody."""

    urgent: ClassVar[bool] = False

    id: UUID
    ticket_id: UUID
    user_id: UUID
    email: str
    recipient_name: str
    once: Once[Offer, pb.TicketOffer]

    @property
    def key(self) -> UUID:
        """Wishes for one ticket take turns."""
        return self.ticket_id


class OfferTickets(KeyedOperation[OfferTicket, LockedTickets, Offer, pb.TicketOffer]):
    """Offers tickets; refuses with what `check_may_be_offered` raises. What is kept of the answer has no address."""

    def __init__(self, db: Database, open_for: timedelta, *, has_mails: bool) -> None:
        """Offers are open for so long at most; `has_mails`: whether anybody fetches the mails that tell of them."""
        super().__init__(db)
        self._open_for = open_for
        self._has_mails = has_mails

    def reads(self, batch: Sequence[OfferTicket], *, wait: bool) -> dict[str, Statement]:
        """Lock the bookings of the tickets, then read these, and what was made of them before."""
        ids = {"ids": sorted({command.ticket_id for command in batch})}
        return {
            "bookings": (sql.LOCK_BOOKINGS_OF_TICKETS, ids),
            "clock": (READ_CLOCK, ()),
            "tickets": (tickets_sql.TICKETS, ids),
            "offers": (sql.ALIVE, ids),
            "lately": (sql.LATELY, ids),
            "cancelled_shows": (sql.CANCELLED_SHOWS, ids),
        }

    async def load(self, tx: Transaction, batch: Sequence[OfferTicket], rows: Rows) -> tuple[LockedTickets, set[UUID]]:
        """Nothing depends on more than the tickets and their offers."""
        lately: dict[UUID, list[datetime]] = {}
        for row in rows["lately"]:
            lately.setdefault(row.ticket_id, []).append(row.created_at)
        return _locked(rows, lately=lately), set()

    def decide(self, command: OfferTicket, state: LockedTickets) -> Offer:
        """Offer the ticket. One that was offered before, and not accepted in time, may be offered again."""
        ticket = state.tickets.get(command.ticket_id)
        booking = state.bookings.get(ticket.booking_id) if ticket else None
        alive = next((offer for offer in state.offers.values() if offer.ticket_id == command.ticket_id), None)
        lately = state.lately.get(command.ticket_id, ())
        check_may_be_offered(
            booking,
            ticket,
            command.user_id,
            lately,
            alive,
            is_cancelled=ticket is not None and ticket.show_id in state.cancelled_shows,
            now=state.now,
        )
        assert booking is not None and ticket is not None, "there are"
        if alive is not None:
            state.move_offer(alive, OfferState.EXPIRED)
            del state.offers[alive.id]
        offer = Offer(
            id=command.id,
            ticket_id=ticket.id,
            booking_id=ticket.booking_id,
            show_id=ticket.show_id,
            user_id=command.user_id,
            recipient_name=command.recipient_name,
            email=command.email,
            state=OfferState.OPEN,
            recipient_id=None,
            created_at=state.now,
            expires_at=min(state.now + self._open_for, booking.show.starts_at),
            updated_at=state.now,
        )
        state.offers[offer.id] = offer
        state.added.append(offer)
        return offer

    async def write(self, tx: Transaction, state: LockedTickets) -> None:
        """Write the offers."""
        await state.write(tx, has_mails=self._has_mails)


# --- Moved on


@dataclass(frozen=True, slots=True)
class MoveOffer:
    """The wish that an offer comes to another state."""

    urgent: ClassVar[bool] = False

    key: UUID
    """The offer."""
    to: OfferState
    who: Recipient | None
    """Who wishes it; None: its time is over, or its holder is forgotten."""
    limit: int = 0
    """How many tickets of the show a user may have; where it is accepted."""


class MoveOffers(Operation[MoveOffer, LockedTickets, Offer]):
    """Moves offers on, and gives tickets to their new holders.

    Refuses with OfferNotFound, OfferOver and what the checks raise. What has come to the state already is left alone.
    """

    def reads(self, batch: Sequence[MoveOffer], *, wait: bool) -> dict[str, Statement]:
        """Lock users and what they have of shows, where one accepts, then the bookings, then read the rest."""
        accepting = [(one.key, one.who.user_id) for one in batch if one.who and one.to == OfferState.ACCEPTED]
        asked = {"offer_id": [offer_id for offer_id, _ in accepting], "user_id": [user for _, user in accepting]}
        ids = {"ids": sorted({command.key for command in batch})}
        locks: dict[str, Statement] = {}
        if accepting:
            locks = {"users": (sql.LOCK_USERS, {"user_ids": asked["user_id"]}), "shares": (sql.LOCK_SHARES, asked)}
        return locks | {
            "bookings": (sql.LOCK_BOOKINGS_OF_OFFERS, ids),
            "clock": (READ_CLOCK, ()),
            "offers": (sql.OFFERS, ids),
            "tickets": (tickets_sql.TICKETS_OF_OFFERS, ids),
            "cancelled_shows": (sql.CANCELLED_SHOWS, ids),
            "has": (sql.HAS, asked),
        }

    async def load(self, tx: Transaction, batch: Sequence[MoveOffer], rows: Rows) -> tuple[LockedTickets, set[UUID]]:
        """Nothing depends on more than the offers, their tickets, and what users have."""
        has = {(row.offer_id, row.user_id): Has(row.tickets, row.is_booking, row.is_closed) for row in rows["has"]}
        return _locked(rows, has=has), set()

    def decide(self, command: MoveOffer, state: LockedTickets) -> Offer:
        """Move the offer on."""
        offer = state.offers.get(command.key)
        if command.to == OfferState.ACCEPTED:
            return self._accept(command, offer, state)
        if command.to == OfferState.RETURNED:
            return self._give_back(command, offer, state)
        if command.to == OfferState.DECLINED and command.who is not None:
            offer = check_is_for(offer, command.who)
        elif offer is None or (command.who is not None and offer.user_id != command.who.user_id):
            raise OfferNotFound()
        if offer.state == command.to:
            return offer
        if command.to != OfferState.EXPIRED:
            check_open(offer, state.now)
        elif offer.state != OfferState.OPEN or offer.expires_at > state.now:
            raise OfferOver(status=offer.state)
        declined_by = command.who.user_id if command.who and command.to == OfferState.DECLINED else None
        return state.move_offer(offer, command.to, declined_by)

    def _accept(self, command: MoveOffer, found: Offer | None, state: LockedTickets) -> Offer:
        assert command.who is not None, "somebody accepts"
        who = command.who
        offer = check_is_for(found, who)
        if offer.state == OfferState.ACCEPTED and offer.recipient_id == who.user_id:
            return offer
        check_open(offer, state.now)
        booking, ticket = state.booking_of(offer), state.tickets[offer.ticket_id]
        check_may_move(booking, ticket, is_cancelled=ticket.show_id in state.cancelled_shows, now=state.now)
        check_may_have(offer, who, state.has[offer.id, who.user_id], command.limit)
        state.given.append((ticket, who.user_id))
        return state.move_offer(offer, OfferState.ACCEPTED, who.user_id)

    def _give_back(self, command: MoveOffer, offer: Offer | None, state: LockedTickets) -> Offer:
        if offer is None or (command.who is not None and offer.recipient_id != command.who.user_id):
            raise OfferNotFound()
        if offer.state == OfferState.RETURNED:
            return offer
        if offer.state != OfferState.ACCEPTED:
            raise OfferOver(status=offer.state_at(state.now))
        booking, ticket = state.booking_of(offer), state.tickets[offer.ticket_id]
        check_may_move(booking, ticket, is_cancelled=False, now=state.now)
        state.given.append((ticket, booking.user_id))
        return state.move_offer(offer, OfferState.RETURNED)

    async def write(self, tx: Transaction, state: LockedTickets) -> None:
        """Write the offers, and who holds the tickets."""
        await state.write(tx, has_mails=False)


def _locked(
    rows: Rows,
    *,
    lately: Mapping[UUID, list[datetime]] | None = None,
    has: Mapping[tuple[UUID, UUID], Has] | None = None,
) -> LockedTickets:
    """Return tickets and offers as they were read under the locks."""
    return LockedTickets(
        now=rows["clock"][0].now,
        bookings=bookings_of(rows),
        tickets={ticket.id: ticket for ticket in read(Ticket, rows["tickets"])},
        offers={offer.id: offer for offer in read(Offer, rows["offers"])},
        cancelled_shows={row.show_id for row in rows["cancelled_shows"]},
        lately=lately or {},
        has=has or {},
    )


# --- Jobs, and what is forgotten


async def expire(move: MoveOffers, db: Database, *, limit: int = 100) -> int:
    """Expire one batch of offers whose time is over; return how many. A job."""
    overdue = await retried(db.fetch)(sql.OVERDUE, {"limit": limit})
    await move.together([MoveOffer(row.id, OfferState.EXPIRED, None) for row in overdue]) if overdue else []
    return len(overdue)


async def give_all_back(move: MoveOffers, db: Database, user_id: UUID, *, limit: int = 100) -> None:
    """Give the tickets back that a user holds of others, and forget the names that go with them."""
    while held := await db.fetch(sql.HELD_BY, {"user_id": user_id, "limit": limit}):
        await move.together([MoveOffer(row.id, OfferState.RETURNED, None) for row in held])
    while await db.execute(sql.FORGET_NAMES_OF, {"user_id": user_id, "limit": limit}) == limit:
        pass


async def forget_names(db: Database, days: int, *, limit: int = 500) -> int:
    """Forget one batch of names of holders, so many days after the start of their shows; return how many. A job."""
    return await db.execute(sql.FORGET_NAMES, {"days": days, "limit": limit})
