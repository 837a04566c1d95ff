"""Bookings: what they consist of, and the moves between their states."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.booking.bookings.seats import ADULT as ADULT
from services.booking.bookings.seats import AreaPlaces as AreaPlaces
from services.booking.bookings.seats import BookedSeat as BookedSeat
from services.booking.bookings.seats import ListedSeats as ListedSeats
from services.booking.bookings.seats import ReservedSeats as ReservedSeats
from services.booking.bookings.seats import with_kinds as with_kinds
from services.booking.bookings.states import NEXT as NEXT
from services.booking.bookings.states import WHOLE_CAUSES as WHOLE_CAUSES
from services.booking.bookings.states import CancelReason as CancelReason
from services.booking.bookings.states import RefundCause as RefundCause
from services.booking.bookings.states import RefundState as RefundState
from services.booking.bookings.states import State as State
from services.booking.errors import BookingNotPending, PaymentInProgress
from services.chassis.values.spoken import spoken


@dataclass(frozen=True, slots=True)
class NewBooking:
    """A booking to create, as its user asks for it."""

    user_id: UUID
    seat_ids: Sequence[UUID]
    expected_total: int | None = None
    """What is to be paid, as the user was shown it; None where any amount will do."""
    coupon_code: str | None = None
    kinds: Sequence[str] = ()
    """The kind of each seat's ticket; empty: all are ADULT."""
    access_code: str = ""
    guest_name: str | None = None
    areas: Sequence[AreaPlaces] = ()
    """How many places of areas, beside the seats."""


@dataclass(frozen=True, slots=True)
class BookedShow:
    """The show: its words as they were when it was booked, its times and its screen as of a revision of it."""

    show_id: UUID
    event_id: UUID
    is_movie: bool
    title: str
    theatre: str
    city: str
    screen: str
    starts_at: datetime
    sales_end_at: datetime
    organization_id: UUID | None = None
    """Whose the show is; None: Boxoffice's own, or booked by code from before."""
    time_zone: str | None = None
    show_revision: int = 0
    """What an answer of inventory with a greater one says counts more; 0: from code that did not know of revisions."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a booking costs beside its seats' list prices, and what is paid: the sums of its lines, frozen with them."""

    discount_amount: int
    fee_amount: int
    tax_amount: int
    final_amount: int
    """What is paid, and what refunds are a share of."""
    prices_include_tax: bool
    seller_id: UUID | None = None
    """By whom the tickets are sold; None: nobody has said so, and there is no invoice."""
    place_of_supply: str = ""


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking's row."""

    id: UUID
    user_id: UUID
    state: State
    version: int
    confirming_from: State | None
    total_amount: int
    """What its seats cost by the list."""
    amounts: Amounts
    currency: str
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    confirmed_at: datetime | None
    payment_id: UUID | None
    """The payment that buys the ticket; none buys that of a free booking."""
    refund_amount: int | None
    """What comes back by all its refunds."""
    refund_percentage: int | None
    refund_count: int
    """How many refunds there are; 0 also where the release before decided the one that there is."""
    coupon_code: str | None
    """Unless the booking is over, it is a use of this coupon."""
    cancel_reason: CancelReason | None
    """Why it is CANCELLED."""
    guest_name: str | None
    show: BookedShow
    seat_labels: Sequence[str]
    booking_number: str = ""
    """By what people name it: unique, and not to be guessed. Empty until the job has given one of before its number."""
    booked_starts_at: datetime | None = None
    """When the show was to start when it was booked; None: as it does."""
    full_refund_until: datetime | None = None
    """Until when all comes back on request, as the show was rescheduled; None: it was not."""
    ticket_ids: Sequence[UUID] | None = None
    """Of its seats, in their order, once it is confirmed; None until a job names them: by code from before."""

    @classmethod
    def created(
        cls,
        id_: UUID,
        booking_number: str,
        new: NewBooking,
        show: BookedShow,
        since: datetime,
        reservation: ReservedSeats,
        amounts: Amounts,
    ) -> "Booking":
        """Return a booking as it is once its seats are reserved; its intent was written at `since`."""
        sales_end_at = reservation.sales_end(show.sales_end_at, show.show_revision)
        return cls(
            id=id_,
            user_id=new.user_id,
            state=State.PENDING,
            version=2,
            confirming_from=None,
            total_amount=reservation.total_amount,
            amounts=amounts,
            currency=reservation.currency,
            expires_at=reservation.expires_at,
            created_at=since,
            updated_at=since,
            confirmed_at=None,
            payment_id=None,
            refund_amount=None,
            refund_percentage=None,
            refund_count=0,
            coupon_code=new.coupon_code,
            cancel_reason=None,
            guest_name=new.guest_name,
            show=show if show.sales_end_at == sales_end_at else replace(show, sales_end_at=sales_end_at),
            seat_labels=[seat.words for seat in reservation.seats],
            booking_number=booking_number,
        )

    @property
    def recorded_state(self) -> State:
        """The state that callers see, as far as it is written down."""
        if self.state == State.CONFIRMING:
            assert self.confirming_from is not None
            return self.confirming_from
        if self.state == State.REFUNDING:
            return State.CONFIRMED
        return self.state

    def public_state(self, now: datetime) -> State:
        """Return the state that callers see. A booking whose time is up reads EXPIRED at once."""
        if self.state == State.PENDING and self.expires_at is not None and self.expires_at <= now:
            return State.EXPIRED
        return self.recorded_state

    def is_final(self, now: datetime) -> bool:
        """Tell whether the state that callers see can change no more. Until sales end, late money may confirm."""
        lapsed = self.state != State.CONFIRMING and self.public_state(now) == State.EXPIRED
        return not NEXT[self.state] or (lapsed and self.show.sales_end_at <= now)

    def status_since(self, now: datetime) -> datetime:
        """Return since when the booking has had the state that callers see."""
        if self.state == State.PENDING and self.expires_at is not None and self.expires_at <= now:
            return self.expires_at
        return self.updated_at

    @property
    def description(self) -> str:
        """What is paid for, in words: the title, the start by the venue's clocks, and the venue, each in a line."""
        starts = spoken(self.show.starts_at, self.show.time_zone or "", "en")
        return f"{self.show.title}\n{starts}\n{self.show.theatre}, {self.show.city}"

    @property
    def is_free(self) -> bool:
        """Whether nothing is paid for it: its ticket needs no payment, and it never has one."""
        return self.amounts.final_amount == 0

    def refunds_whole_at(self, now: datetime) -> bool:
        """Tell whether all comes back if the user asks at `now`, as the show was rescheduled, and has not begun."""
        return self.full_refund_until is not None and now < min(self.full_refund_until, self.show.starts_at)

    def refund_counts_from(self, now: datetime) -> datetime:
        """Return the start that steps of refunds count from: of a show that was rescheduled, the later one.

        Once the show has begun, that is its start.
        """
        booked = self.booked_starts_at or self.show.starts_at
        return self.show.starts_at if self.show.starts_at <= now else max(booked, self.show.starts_at)

    def paid_for(self, seat: BookedSeat) -> int:
        """Return what was paid for a seat of the booking: its part of the final amount."""
        return seat.price - seat.discount + seat.fee + (0 if self.amounts.prices_include_tax else seat.tax)

    def refundable_for(self, seat: BookedSeat, cause: RefundCause | None = None) -> int:
        """Return what can come back with a seat of the booking: fees of the order and fees that stay are not in it.

        Where the show is cancelled or rescheduled, no fees stay.
        """
        stays = 0 if cause in WHOLE_CAUSES else seat.unrefundable_amount
        return self.paid_for(seat) - seat.order_amount - stays

    def check_pending(self, now: datetime) -> None:
        """Raise PaymentInProgress or BookingNotPending unless the booking waits for its payment."""
        if self.state == State.CONFIRMING and self.confirming_from == State.PENDING:
            raise PaymentInProgress()
        if (state := self.public_state(now)) != State.PENDING:
            raise BookingNotPending(status=state)

    # --- Moves, each as it is at `now`

    def cancelled(self, now: datetime) -> "Booking":
        """Return the cancelled booking; raise what check_pending does."""
        self.check_pending(now)
        return self._moved(State.CANCELLED, updated_at=now, cancel_reason=CancelReason.BY_USER)

    def cancelled_with_its_show(self, now: datetime) -> "Booking":
        """Return the booking, which is not paid, as one whose show is cancelled."""
        return self._moved(State.CANCELLED, updated_at=now, cancel_reason=CancelReason.SHOW_CANCELLED)

    def confirming(self, payment_id: UUID | None, now: datetime) -> "Booking":
        """Return the booking while money for it is being settled, or inventory asked to confirm a free one.

        What callers see stays what it was: a booking whose time is up reads EXPIRED, whether a job has run or not.
        """
        return self._moved(
            State.CONFIRMING,
            payment_id=payment_id,
            confirming_from=self.public_state(now),
            updated_at=self.status_since(now),
        )

    def confirmed(self, now: datetime, ticket_ids: Sequence[UUID]) -> "Booking":
        """Return the booking with its tickets, one for each seat."""
        return self._moved(
            State.CONFIRMED, confirming_from=None, updated_at=now, confirmed_at=now, ticket_ids=ticket_ids
        )

    def unconfirmed(self, now: datetime) -> "Booking":
        """Return the booking whose seats inventory does not have any more: it is EXPIRED, or stays so."""
        since = self.updated_at if self.confirming_from == State.EXPIRED else now
        return self._moved(State.EXPIRED, confirming_from=None, payment_id=None, updated_at=since)

    def with_refund(self, amount: int, percentage: int) -> "Booking":
        """Return the booking with one more refund, with which so much comes back in all. It stays what it is."""
        return replace(
            self,
            version=self.version + 1,
            refund_amount=amount,
            refund_percentage=percentage,
            refund_count=self.refund_count + 1,
        )

    def with_other_refunds(self) -> "Booking":
        """Return the booking after one of its refunds was carried out, or failed after all. It stays what it is."""
        return replace(self, version=self.version + 1)

    def with_failed_payment(self) -> "Booking":
        """Return the booking after one of its payments was declined. It stays what it is."""
        return replace(self, version=self.version + 1)

    def with_moved_offer(self) -> "Booking":
        """Return the booking after something became of an offer or its ticket. It stays what it is."""
        return replace(self, version=self.version + 1)

    def refunded(self, now: datetime) -> "Booking":
        """Return the booking whose last refund was carried out."""
        return self._moved(State.REFUNDED, updated_at=now)

    def _moved(self, state: State, **changes: Any) -> "Booking":
        assert state in NEXT[self.state], f"from {self.state} to {state}"
        return replace(self, state=state, version=self.version + 1, **changes)


@dataclass(frozen=True, slots=True)
class BookingRefund:
    """A refund of seats of a booking: its row. The seats have its id, and what comes back of each."""

    id: UUID
    """Also payment's and the bank's name for it."""
    booking_id: UUID
    number: int
    """The refunds of a booking are numbered from 1."""
    amount: int
    order_amount: int
    """What of that comes back of the order's fees, which is with the last seat; the rest is its seats'."""
    percentage: int
    cause: RefundCause
    decided_by: UUID | None
    """None where callers are not verified."""
    reason: str
    """Empty where the user asked."""
    state: RefundState
    idempotency_key: str | None
    created_at: datetime
    undone: int
    """How often the bank had carried it out and it failed after all."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A booking as a change has left it, with its seats."""

    booking: Booking
    seats: Sequence[BookedSeat]
