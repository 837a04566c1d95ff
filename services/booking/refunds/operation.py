"""Refunds of seats: decided in one transaction, and carried out from then on."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from boxoffice.events.v1 import events_pb2

from services.booking.bookings import events
from services.booking.bookings import statements as bookings_sql
from services.booking.bookings.domain import BookedSeat, Booking, BookingRefund, RefundCause, State
from services.booking.bookings.events import TicketNews
from services.booking.bookings.leases import LEASE_SECONDS
from services.booking.bookings.locked import LockedBookings, bookings_of, locks
from services.booking.bookings.rows import refunds_by_booking, seats_by_booking
from services.booking.errors import BookingNotFound, CancellationInProgress
from services.booking.invoices import operation as invoices
from services.booking.pricing.domain import split
from services.booking.refunds import statements as sql
from services.booking.refunds.domain import (
    SHOW_CANCELLED,
    SHOW_RESCHEDULED,
    Grant,
    RefundPolicy,
    check_confirmed,
    check_not_admitted,
    check_not_transferred,
    decided,
    given_back,
    plan_refund,
    share_of_price,
)
from services.booking.tickets import operation as tickets
from services.booking.tickets.domain import HeldTicket
from services.chassis.ids import new_id
from services.chassis.store.database import Database, Statement, Transaction, retried
from services.chassis.store.rows import columns
from services.chassis.writes.idempotency import Key
from services.chassis.writes.operation import BegunOperation, Rows

_REVOKED = events_pb2.BookingEvent.Kind.TICKET_REVOKED


@dataclass(frozen=True, slots=True)
class RefundSeats:
    """The wish to get the money for seats of a booking back: for those that are named, or all that are left."""

    urgent: ClassVar[bool] = False

    booking_id: UUID
    user_id: UUID | None
    """Whose booking it has to be; None: whoever's."""
    seat_ids: Sequence[UUID]
    grant: Grant | None
    """None: the time until the show decides how much comes back."""
    idempotency: Key | None

    @property
    def key(self) -> UUID:
        """Wishes for one booking take turns."""
        return self.booking_id

    def is_of(self, refund: BookingRefund) -> bool:
        """Tell whether a refund was begun by this request, under the same key."""
        granted_by = self.grant and self.grant.granted_by
        by = granted_by if self.grant else refund.decided_by
        key = self.idempotency and self.idempotency.key
        return key is not None and (refund.idempotency_key, refund.decided_by) == (key, by)


@dataclass(frozen=True, slots=True)
class DecidedRefund:
    """A refund that is to be carried out."""

    id: UUID
    booking_id: UUID
    show_id: UUID
    payment_id: UUID | None
    """None where nothing was paid, so that nothing goes back."""
    amount: int
    undone: int
    seat_ids: Sequence[UUID]

    @classmethod
    def of(cls, refund: BookingRefund, booking: Booking, seats: Sequence[BookedSeat]) -> "DecidedRefund":
        """Return a refund with what it takes to carry it out."""
        seat_ids = [seat.id for seat in seats if seat.refund_id == refund.id]
        return cls(
            refund.id, booking.id, booking.show.show_id, booking.payment_id, refund.amount, refund.undone, seat_ids
        )


@dataclass(frozen=True, slots=True)
class BegunRefund:
    """A booking whose refund was asked for, and the refund, with its seats.

    Without one, all seats are being refunded already: by the release before, or in several parts.
    """

    booking: Booking
    refund: BookingRefund | None = None
    carried: DecidedRefund | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundableBookings(LockedBookings):
    """Bookings with their seats and refunds."""

    seats: dict[UUID, list[BookedSeat]]
    refunds: Mapping[UUID, list[BookingRefund]]
    cancelled_shows: Mapping[UUID, bool]
    """Shows that are cancelled, or, where it says False, are about to be."""
    admitted: Collection[tuple[UUID, UUID]]
    """The seats of bookings by whose tickets somebody was let in."""
    transferred: Mapping[tuple[UUID, UUID], HeldTicket]
    """The tickets that somebody else holds than the buyer, by bookings and seats."""
    begun: list[BookingRefund] = field(default_factory=list)
    news: list[TicketNews] = field(default_factory=list)

    def grant_for(self, booking: Booking, granted: Grant | None) -> Grant | None:
        """Return what a refund is decided by; that a show is cancelled counts more than any other word.

        That it was rescheduled counts where the user asks.
        """
        is_cancelled = self.cancelled_shows.get(booking.show.show_id)
        if is_cancelled is None:
            if granted is None and booking.refunds_whole_at(self.now):
                return replace(SHOW_RESCHEDULED, granted_by=booking.user_id)
            return granted
        if not is_cancelled:
            raise CancellationInProgress()
        return replace(SHOW_CANCELLED, granted_by=granted.granted_by if granted else booking.user_id)

    def revoke(self, booking: Booking, seats: Iterable[UUID]) -> Booking:
        """Note that tickets of seats are good for nothing, so that their holders are told; return the booking."""
        for held in (self.transferred[booking.id, seat] for seat in seats if (booking.id, seat) in self.transferred):
            booking = booking.with_moved_offer()
            self.news.append(TicketNews(booking, _REVOKED, held.id, held.offer_id, held.holder_id))
        self.bookings[booking.id] = booking
        return booking

    def begun_with(self, booking: Booking, refund: BookingRefund) -> BegunRefund:
        """Return a refund with what it takes to carry it out."""
        return BegunRefund(booking, refund, DecidedRefund.of(refund, booking, self.seats[booking.id]))


class BeginRefunds(BegunOperation[RefundSeats, RefundableBookings, BegunRefund]):
    """Decides refunds of seats of CONFIRMED bookings: from here on, they are only carried out.

    Of requests for the same seats at once, the first one wins. A request for all seats whose refund is under way, or
    that was made with the same key, is answered with that refund: the key is kept without an answer
    (docs/adr/0008-refund-answers.md). Where the show is cancelled, everything comes back, whatever was asked. Refuses
    with BookingNotFound, BookingNotConfirmed, RefundNotAllowed, SeatsNotLeft, TicketAdmitted, TicketTransferred or
    CancellationInProgress.
    """

    def __init__(self, db: Database, policy: RefundPolicy, *, lease_seconds: float = LEASE_SECONDS) -> None:
        """Recovery takes refunds over that nobody has carried out `lease_seconds` after they were decided."""
        super().__init__(db)
        self._policy = policy
        self._lease_seconds = lease_seconds

    def reads(self, batch: Sequence[RefundSeats], *, wait: bool) -> dict[str, Statement]:
        """Lock the bookings, then read their seats, refunds and tickets, and which of their shows are cancelled."""
        named = columns(batch, booking_ids="booking_id")
        statements = {
            "seats": (bookings_sql.SEATS, named),
            "refunds": (bookings_sql.REFUNDS, named),
            "cancelled_shows": (sql.CANCELLED_SHOWS, named),
            "admitted": tickets.admitted(named["booking_ids"]),
            "transferred": tickets.transferred(named["booking_ids"]),
        }
        return locks(command.key for command in batch) | statements

    async def load(
        self, tx: Transaction, batch: Sequence[RefundSeats], rows: Rows
    ) -> tuple[RefundableBookings, set[UUID]]:
        """Nothing depends on more than the bookings, their seats and refunds."""
        return loaded(rows), set()

    def again(self, command: RefundSeats, state: RefundableBookings) -> BegunRefund:
        """Return the refund that the request has begun before, however far it is."""
        booking = _wanted(command, state)
        known = [refund for refund in state.refunds[booking.id] if command.is_of(refund)]
        return state.begun_with(booking, known[-1]) if known else BegunRefund(booking)

    def decide(self, command: RefundSeats, state: RefundableBookings) -> BegunRefund:
        """Decide the refund, unless all seats are being refunded: then the request's key is used up all the same."""
        booking = _wanted(command, state)
        if booking.state == State.REFUNDING and not command.seat_ids:
            return BegunRefund(booking)
        check_confirmed(booking, state.now)  # what is archived has no seats any more
        seats, refunds = state.seats[booking.id], state.refunds[booking.id]
        if not command.seat_ids and all(seat.refund_id for seat in seats):
            return state.begun_with(booking, refunds[0]) if len(refunds) == 1 else BegunRefund(booking)
        grant = state.grant_for(booking, command.grant)
        percentage = grant.percentage if grant else self._policy.percentage_of(booking, state.now)
        plan = plan_refund(booking, seats, refunds, command.seat_ids, percentage, grant.cause if grant else None)
        if grant is None or not grant.is_owners(booking.show.organization_id):
            check_not_admitted(booking.id, plan, state.admitted)
            check_not_transferred(booking.id, plan, state.transferred)
        key = command.idempotency.key if command.idempotency else ""
        refund = decided(booking, plan, new_id(), grant, key, state.now)
        state.begun.append(refund)
        refunds.append(refund)
        state.seats[booking.id] = given_back(seats, plan, refund.id)
        amount = sum(one.amount for one in refunds)
        share = share_of_price(booking, state.seats[booking.id], refunds)
        moved = state.move(booking.with_refund(amount, share))
        if refund.cause != RefundCause.SHOW_CANCELLED:  # the topic of shows tells of that
            moved = state.revoke(moved, [line.seat.id for line in plan.lines])
        return state.begun_with(moved, refund)

    async def write(self, tx: Transaction, state: RefundableBookings) -> None:
        """Write the refunds that were begun, their seats and the bookings."""
        if not state.begun:
            return
        begun = columns(
            state.begun,
            "id",
            "booking_id",
            "number",
            "amount",
            "order_amount",
            "percentage",
            "cause",
            "decided_by",
            "reason",
            "state",
            "idempotency_key",
            "created_at",
        )
        await tx.send(sql.BEGIN_REFUNDS, begun | {"lease_seconds": self._lease_seconds})
        given = [
            (refund.booking_id, seat)
            for refund in state.begun
            for seat in state.seats[refund.booking_id]
            if seat.refund_id == refund.id
        ]
        seats = columns([seat for _, seat in given], "refund_id", "refund_amount", seat_id="id")
        await tx.send(sql.GIVE_SEATS_BACK, seats | {"booking_id": [booking_id for booking_id, _ in given]})
        await count_refunds(tx, state.moved)
        await invoices.correct(tx, [_given_back(refund, state) for refund in state.begun])
        await tx.send(*tickets.revoked([(booking_id, seat.id) for booking_id, seat in given]))
        if state.news:
            await events.publish_tickets(tx, state.news)


def _given_back(refund: BookingRefund, state: RefundableBookings) -> invoices.GivenBack:
    """Return what a refund gives back of each seat: of its own, and of the order's fees, which are in all lines."""
    seats = state.seats[refund.booking_id]
    of_order = split(refund.order_amount, [seat.order_amount for seat in seats])
    own = [(seat.refund_amount or 0) * (seat.refund_id == refund.id) for seat in seats]
    by_position = {place: sum(parts) for place, parts in enumerate(zip(own, of_order, strict=True))}
    before = {
        place: seat.refund_amount or 0 for place, seat in enumerate(seats) if seat.refund_id not in (None, refund.id)
    }
    return invoices.GivenBack(state.bookings[refund.booking_id], refund.id, refund.amount, by_position, before)


def loaded(rows: Rows) -> RefundableBookings:
    """Return bookings as they were locked, with what was read of them."""
    bookings = bookings_of(rows)
    seats = dict(seats_by_booking(rows["seats"]))
    refunds = refunds_by_booking(rows["refunds"])
    cancelled = {row.show_id: row.is_cancelled for row in rows.get("cancelled_shows", ())}
    admitted = tickets.read_seats(rows.get("admitted", ()))
    transferred = tickets.read_held(rows.get("transferred", ()))
    return RefundableBookings(
        now=rows["clock"][0].now,
        bookings=bookings,
        seats=seats,
        refunds=refunds,
        cancelled_shows=cancelled,
        admitted=admitted,
        transferred=transferred,
    )


@retried
async def share_now(
    db: Database, policy: RefundPolicy, booking: Booking, now: datetime
) -> tuple[int, RefundCause | None]:
    """Return how many per cent come back of seats that are given back at `now`, and for which cause but time."""
    if await db.fetch(sql.CANCELLED_SHOWS, {"booking_ids": [booking.id]}):
        return SHOW_CANCELLED.percentage, SHOW_CANCELLED.cause
    if booking.refunds_whole_at(now):
        return SHOW_RESCHEDULED.percentage, SHOW_RESCHEDULED.cause
    return policy.percentage_of(booking, now), None


async def count_refunds(tx: Transaction, bookings: Sequence[Booking]) -> None:
    """Write what bookings have refunded so far."""
    names = ("id", "version", "refund_amount", "refund_percentage", "refund_count")
    await tx.send(sql.COUNT_REFUNDS, columns(bookings, *names))


def _wanted(command: RefundSeats, state: RefundableBookings) -> Booking:
    if command.user_id is not None:
        return state.of_user(command.booking_id, command.user_id)
    if command.booking_id not in state.bookings:
        raise BookingNotFound()
    return state.bookings[command.booking_id]
