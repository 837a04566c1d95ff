"""The methods of BookingService that give seats back: parse, call, render."""

from collections.abc import Collection, Sequence
from uuid import UUID

from boxoffice.booking.v1 import booking_pb2 as pb

from services.booking.bookings.domain import RefundCause, RefundState, State
from services.booking.bookings.messages import refund_fee_lines, refund_line
from services.booking.refunds.domain import (
    Grant,
    RefundPolicy,
    check_confirmed,
    check_not_admitted,
    check_not_transferred,
    plan_refund,
)
from services.booking.refunds.operation import BeginRefunds, RefundSeats, share_now
from services.booking.refunds.steps import Refunds
from services.booking.tickets import operation as tickets
from services.booking.viewing.look import Bookings
from services.chassis.errors import InvalidField
from services.chassis.store.database import Database
from services.chassis.wire.identity import Caller, caller
from services.chassis.wire.incoming import Context
from services.chassis.writes.idempotency import NOBODY, key_of


class RefundMethods:
    """The methods of BookingService that give seats back."""

    def __init__(self, db: Database, bookings: Bookings, refunds: Refunds, policy: RefundPolicy) -> None:
        self._db = db
        self._begin = BeginRefunds(db, policy)
        self._looked_up = bookings
        self._carried = refunds
        self._policy = policy

    async def RefundBooking(self, request: pb.RefundBookingRequest, context: Context) -> pb.RefundBookingResponse:
        user_id = UUID(request.user_id)
        key = key_of(request, "RefundBooking", user_id)
        return await self._refunded(
            RefundSeats(UUID(request.booking_id), user_id, _seat_ids(request.show_seat_ids), None, key)
        )

    async def GrantRefund(self, request: pb.GrantRefundRequest, context: Context) -> pb.RefundBookingResponse:
        who = caller.get()
        granted_by = who.user_id if who else None
        key = key_of(request, "GrantRefund", granted_by or NOBODY)
        grant = Grant(request.percentage, request.reason, granted_by, owner_of=_owner_of(who))
        return await self._refunded(
            RefundSeats(UUID(request.booking_id), None, _seat_ids(request.show_seat_ids), grant, key)
        )

    async def PreviewRefund(self, request: pb.PreviewRefundRequest, context: Context) -> pb.PreviewRefundResponse:
        user_id = UUID(request.user_id) if request.user_id else None
        seen = await self._looked_up.find(UUID(request.booking_id), user_id)
        check_confirmed(seen.booking, seen.now)
        percentage, cause = await share_now(self._db, self._policy, seen.booking, seen.now)
        granted = Grant(request.percentage, "", None, owner_of=_owner_of(caller.get())) if request.percentage else None
        if granted is not None and cause != RefundCause.SHOW_CANCELLED:
            percentage, cause = granted.percentage, granted.cause
        plan = plan_refund(seen.booking, seen.seats, seen.refunds, _seat_ids(request.show_seat_ids), percentage, cause)
        is_owners = granted is not None and granted.is_owners(seen.booking.show.organization_id)
        if cause != RefundCause.SHOW_CANCELLED and not is_owners:
            ids = [seen.booking.id]
            admitted, transferred = await self._db.fetch_all(tickets.admitted(ids), tickets.transferred(ids))
            check_not_admitted(seen.booking.id, plan, tickets.read_seats(admitted))
            check_not_transferred(seen.booking.id, plan, tickets.read_seats(transferred))
        return pb.PreviewRefundResponse(
            booking_id=request.booking_id,
            refund_amount=plan.amount,
            kept_amount=plan.kept,
            refund_percentage=plan.percentage,
            currency=seen.booking.currency,
            lines=[refund_line(line.paid, line.seat.id, line.amount) for line in plan.lines],
            fee_lines=refund_fee_lines(plan.order_paid, plan.order_amount, plan.unrefundable_paid),
        )

    async def _refunded(self, wish: RefundSeats) -> pb.RefundBookingResponse:
        """Begin a refund and carry it on; return how far it came, which is read anew each time it is asked for."""
        begun = await self._begin.alone(wish)
        response = pb.RefundBookingResponse
        if begun.refund is not None and begun.carried is not None:
            amount, percentage = begun.refund.amount, begun.refund.percentage
            done = begun.refund.state == RefundState.REFUNDED or await self._carried.carry_out(begun.carried)
        else:
            booking = await self._carried.carry_out_whole(begun.booking)
            assert booking.refund_amount is not None and booking.refund_percentage is not None, "frozen when it began"
            amount, percentage = booking.refund_amount, booking.refund_percentage
            done = booking.state == State.REFUNDED
        return response(
            booking_id=str(wish.booking_id),
            refund_amount=amount,
            refund_percentage=percentage,
            currency=begun.booking.currency,
            status=response.REFUNDED if done else response.PROCESSING,
            refund_id=str(begun.refund.id) if begun.refund else "",
        )


def _owner_of(who: Caller | None) -> Collection[UUID] | None:
    """Return which organizations a caller owns; None for those who may do everything everywhere."""
    if who is None or "ADMIN" in who.roles:
        return None
    return [organization_id for organization_id, role in who.memberships.items() if role == "OWNER"]


def _seat_ids(texts: Sequence[str]) -> list[UUID]:
    """Parse seat ids. The contract refuses equal texts; here the same id spelled in two ways is refused too."""
    ids = [UUID(text) for text in texts]
    if len(set(ids)) != len(ids):
        raise InvalidField(("showSeatIds", "names a seat twice"))
    return ids
