"""Refunds: which seats of a booking are given back, how much comes back of each, and whether."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from uuid import UUID

from services.booking.bookings.domain import (
    WHOLE_CAUSES,
    BookedSeat,
    Booking,
    BookingRefund,
    RefundCause,
    RefundState,
    State,
)
from services.booking.errors import (
    BookingNotConfirmed,
    RefundNotAllowed,
    SeatsNotLeft,
    TicketAdmitted,
    TicketTransferred,
)


@dataclass(frozen=True, slots=True)
class RefundPolicy:
    """Steps of (time before the show, per cent), longest time first; later than all of them, nothing comes back."""

    steps: Sequence[tuple[timedelta, int]]

    @classmethod
    def parse(cls, text: str) -> "RefundPolicy":
        """Read `24:100,2:50`: hours and per cent, as in the settings; raise ValueError."""
        steps = []
        for step in text.split(","):
            hours, _, percentage = step.partition(":")
            if not (hours.strip().isdigit() and percentage.strip().isdigit() and int(percentage) <= 100):
                raise ValueError(f"{step!r} is not hours:percentage")
            steps.append((timedelta(hours=int(hours)), int(percentage)))
        return cls(sorted(steps, reverse=True))

    def percentage(self, now: datetime, starts_at: datetime) -> int:
        """Return how many per cent come back at `now` for a show that starts at `starts_at`."""
        left = starts_at - now
        return next((percentage for time, percentage in self.steps if left >= time), 0)

    def percentage_of(self, booking: Booking, now: datetime) -> int:
        """Return how many per cent of a booking come back at `now`: of a guest's all, which is nothing, at any time."""
        return 100 if booking.guest_name is not None else self.percentage(now, booking.refund_counts_from(now))


@dataclass(frozen=True, slots=True)
class Grant:
    """The word that money comes back, whatever the time: of the staff, or because the show is cancelled."""

    percentage: int
    reason: str
    granted_by: UUID | None
    """None where callers are not verified."""
    cause: RefundCause = RefundCause.GRANTED
    owner_of: Collection[UUID] | None = ()
    """The organizations that are owned by who says it; None: it counts as the owner's word of any show."""

    def is_owners(self, organization_id: UUID | None) -> bool:
        """Tell whether it is the owner's word of a show of this organization."""
        return self.owner_of is None or organization_id in self.owner_of


SHOW_CANCELLED = Grant(percentage=100, reason="", granted_by=None, cause=RefundCause.SHOW_CANCELLED, owner_of=None)
"""What every customer of a cancelled show gets, whoever asks for it."""

SHOW_RESCHEDULED = Grant(percentage=100, reason="", granted_by=None, cause=RefundCause.SHOW_RESCHEDULED)
"""What a customer of a show that was rescheduled gets who asks for it in time."""


@dataclass(frozen=True, slots=True)
class RefundLine:
    """A seat that is given back: what was paid for it, and what of that comes back.

    Fees of the order and fees that stay are not counted: the plan has them.
    """

    seat: BookedSeat
    paid: int
    amount: int

    @property
    def kept(self) -> int:
        """What does not come back."""
        return self.paid - self.amount


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """What comes back of which seats, and of the fees that were paid with them."""

    percentage: int
    lines: Sequence[RefundLine]
    order_paid: int = 0
    """The fees of the order, which come back with its last seat; 0 where others are left."""
    order_amount: int = 0
    """What of these comes back."""
    unrefundable_paid: int = 0
    """The fees of the seats that never come back."""

    @property
    def amount(self) -> int:
        """What comes back in all."""
        return sum(line.amount for line in self.lines) + self.order_amount

    @property
    def kept(self) -> int:
        """What does not."""
        return sum(line.kept for line in self.lines) + self.order_paid - self.order_amount + self.unrefundable_paid


def shares(paid: Sequence[int], percentage: int, before: int = 0) -> list[int]:
    """Return what comes back of lines for which so much was `paid`, where `before` was paid for what came back already.

    Each is the share of the sum up to it, rounded down, less the share of the sum without it. So whatever is given back
    at one percentage, in whatever parts, adds up to the share of all of it at once, to the minor unit.
    """
    sums = list(accumulate(paid, initial=before))
    return [upto * percentage // 100 - without * percentage // 100 for without, upto in pairwise(sums)]


def plan_refund(
    booking: Booking,
    seats: Sequence[BookedSeat],
    refunds: Sequence[BookingRefund],
    wanted: Sequence[UUID],
    percentage: int,
    cause: RefundCause | None = None,
) -> RefundPlan:
    """Return what comes back of the seats that are `wanted`, or of all that are left where none is named.

    Where the cause is that the show is cancelled or rescheduled, that is all that was paid for them.

    Raises SeatsNotLeft if the booking does not have them (any more), RefundNotAllowed if nothing comes back now.
    """
    left = {seat.id: seat for seat in seats if seat.refund_id is None}
    if missing := [seat_id for seat_id in wanted if seat_id not in left]:
        raise SeatsNotLeft(missing)
    if percentage == 0:
        raise RefundNotAllowed()
    alike = {refund.id for refund in refunds if refund.percentage == percentage}
    before = sum(booking.refundable_for(seat) for seat in seats if seat.refund_id in alike)
    chosen = [seat for seat in left.values() if not wanted or seat.id in wanted]
    paid = [booking.refundable_for(seat, cause) for seat in chosen]
    order_paid = sum(seat.order_amount for seat in seats) if len(chosen) == len(left) else 0
    *amounts, order_amount = shares([*paid, order_paid], percentage, before)
    return RefundPlan(
        percentage,
        [RefundLine(*line) for line in zip(chosen, paid, amounts, strict=True)],
        order_paid,
        order_amount,
        unrefundable_paid=0 if cause in WHOLE_CAUSES else sum(one.unrefundable_amount for one in chosen),
    )


def check_confirmed(booking: Booking, now: datetime) -> None:
    """Raise BookingNotConfirmed unless the booking has seats to give back."""
    if booking.state != State.CONFIRMED:
        raise BookingNotConfirmed(status=booking.public_state(now))


def check_not_admitted(booking_id: UUID, plan: RefundPlan, admitted: Collection[tuple[UUID, UUID]]) -> None:
    """Raise TicketAdmitted if seats of a booking's plan are among those by whose tickets somebody was let in."""
    if used := [line.seat.id for line in plan.lines if (booking_id, line.seat.id) in admitted]:
        raise TicketAdmitted(used)


def check_not_transferred(booking_id: UUID, plan: RefundPlan, transferred: Collection[tuple[UUID, UUID]]) -> None:
    """Raise TicketTransferred if seats of a booking's plan are among those whose tickets somebody else holds."""
    if held := [line.seat.id for line in plan.lines if (booking_id, line.seat.id) in transferred]:
        raise TicketTransferred(held)


def decided(
    booking: Booking, plan: RefundPlan, id_: UUID, grant: Grant | None, key: str, now: datetime
) -> BookingRefund:
    """Return the refund that a plan comes to, as the next one of its booking."""
    return BookingRefund(
        id=id_,
        booking_id=booking.id,
        number=booking.refund_count + 1,
        amount=plan.amount,
        order_amount=plan.order_amount,
        percentage=plan.percentage,
        cause=grant.cause if grant else RefundCause.REQUESTED,
        decided_by=grant.granted_by if grant else booking.user_id,
        reason=grant.reason if grant else "",
        state=RefundState.PROCESSING,
        idempotency_key=key or None,
        created_at=now,
        undone=0,
    )


def given_back(seats: Sequence[BookedSeat], plan: RefundPlan, refund_id: UUID) -> list[BookedSeat]:
    """Return a booking's seats, those of the plan as given back by a refund."""
    amounts = {line.seat.id: line.amount for line in plan.lines}
    return [
        replace(seat, refund_id=refund_id, refund_amount=amounts[seat.id]) if seat.id in amounts else seat
        for seat in seats
    ]


def paid_back(refunds: Sequence[BookingRefund]) -> int:
    """Return how much is with the customer again."""
    return sum(refund.amount for refund in refunds if refund.state == RefundState.REFUNDED)


def share_of_price(booking: Booking, seats: Sequence[BookedSeat], refunds: Sequence[BookingRefund]) -> int:
    """Return how much of what was paid comes back by all refunds, in per cent, rounded down.

    Where all seats are given back at one percentage, it is that one, unless there are fees that stay.
    """
    by_id = {refund.id: refund for refund in refunds}
    if booking.amounts.final_amount == 0:
        return min(refund.percentage for refund in refunds)
    back = [(seat, by_id[seat.refund_id]) for seat in seats if seat.refund_id in by_id]
    weighed = sum(booking.refundable_for(seat, refund.cause) * refund.percentage for seat, refund in back)
    if len(back) == len(seats):
        weighed += sum(seat.order_amount for seat in seats) * refunds[-1].percentage
    return weighed // booking.amounts.final_amount
