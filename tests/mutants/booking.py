"""Bugs of booking: what captured money comes to, cancels and refunds."""

from tests.mutants.mutant import MONEY, REQUESTS, SEATS, Mutant

LIFE = ("tests/booking/test_lifecycle.py", "tests/booking/test_expiry.py")
RULES = ("tests/booking/test_booking_rules.py", *LIFE)
FENCING = ("tests/booking/test_fencing.py", "tests/booking/test_booking_rules.py", *LIFE)
OUTBOX = ("tests/booking/test_booking_outbox.py", *LIFE)
KEYS = ("tests/booking/test_booking_keys.py", *LIFE)

_AFTER_COMMIT = """
async def later():
    async with self._db.transaction() as other:
        await self._outbox.append(other, {})
def begin():
    import asyncio
    asyncio.ensure_future(later())
tx.after_commit(begin)
"""

MUTANTS = (
    Mutant(
        "a capture of another amount confirms",
        "settlement_of",
        "(capture.amount, capture.currency) != (booking.amounts.final_amount, booking.currency)",
        "capture.currency != booking.currency",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a capture in another currency confirms",
        "settlement_of",
        "(capture.amount, capture.currency) != (booking.amounts.final_amount, booking.currency)",
        "capture.amount != booking.amounts.final_amount",
        MONEY,
        RULES,
    ),
    Mutant(
        "money that comes twice is kept twice",
        "settlement_of",
        "return Settlement.DUPLICATE",
        "return Settlement.KEPT",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a cancelled booking is confirmed",
        "settlement_of",
        "return Settlement.NO_TICKET",
        "return Settlement.CONFIRM",
        MONEY,
        LIFE,
    ),
    Mutant(
        "late money never buys its ticket",
        "settlement_of",
        "State.EXPIRED",
        "State.PENDING",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a booking whose time is up reads PENDING",
        "Booking.public_state",
        "if self.state == State.PENDING and self.expires_at is not None and (self.expires_at <= now):\n"
        "    return State.EXPIRED",
        "",
        REQUESTS,
        LIFE,
    ),
    Mutant(
        "a refund is rounded up",
        "shares",
        "upto * percentage // 100 - without * percentage // 100",
        "-(-upto * percentage // 100) + -without * percentage // 100",
        MONEY,
        RULES,
    ),
    Mutant(
        "a refund at the last instant of its step gets the next one's share",
        "RefundPolicy.percentage",
        "left >= time",
        "left > time",
        MONEY,
        RULES,
    ),
    Mutant(
        "the least generous step of the policy comes first",
        "RefundPolicy.parse",
        "sorted(steps, reverse=True)",
        "sorted(steps)",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a refund is given where nothing is due",
        "plan_refund",
        "percentage == 0",
        "percentage < 0",
        MONEY,
        LIFE,
    ),
    Mutant(
        "anybody cancels and refunds anybody's booking",
        "LockedBookings.of_user",
        "booking is None or booking.user_id != user_id",
        "booking is None",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a booking is cancelled while its money is being settled",
        "Booking.check_pending",
        "raise PaymentInProgress()",
        "pass",
        REQUESTS,
        FENCING,
    ),
    Mutant(
        "a cancelled booking keeps its seats",
        "cancelling:cancelled",
        "[give_up(booking.id, booking.show.show_id), _close_payments(booking.id)]",
        "[_close_payments(booking.id)]",
        SEATS,
        LIFE,
    ),
    Mutant(
        "a cancelled booking stays open for payment",
        "cancelling:cancelled",
        "[give_up(booking.id, booking.show.show_id), _close_payments(booking.id)]",
        "[give_up(booking.id, booking.show.show_id)]",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a cancel is told after it is committed",
        "CancelBookings.write",
        "await self._outbox.append(tx, [message for one in state.moved for message in messages.cancelled(one)])",
        _AFTER_COMMIT.format("[message for one in state.moved for message in messages.cancelled(one)]"),
        SEATS,
        OUTBOX,
    ),
    Mutant(
        "money that buys nothing is sent back after that is committed",
        "RecordCaptures.write",
        "await self._outbox.append(tx, [_return_capture(decided) for decided in back])",
        "async with self._db.transaction() as other:\n"
        "    await self._outbox.append(other, [_return_capture(decided) for decided in back])",
        MONEY,
        OUTBOX,
    ),
    Mutant(
        "money is sent back after its confirmation failed for good",
        "FinishConfirming.write",
        "await self._outbox.append(tx, [_return_price(booking) for booking in state.returned])",
        _AFTER_COMMIT.format("[_return_price(booking) for booking in state.returned]"),
        MONEY,
        OUTBOX,
    ),
    Mutant(
        "money that buys nothing is not sent back",
        "RecordCaptures.write",
        "await self._outbox.append(tx, [_return_capture(decided) for decided in back])",
        "",
        MONEY,
        LIFE,
    ),
    Mutant(
        "money whose seats are gone is not sent back",
        "FinishConfirming.write",
        "await self._outbox.append(tx, [_return_price(booking) for booking in state.returned])",
        "",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a refund that payment refuses is forgotten",
        "peers.request_refunds",
        "[answer if isinstance(answer, Failure) else None for answer in answers]",
        "[None for _ in answers]",
        MONEY,
        OUTBOX,
    ),
    Mutant(
        "a capture that was told before may have other facts",
        "RecordCaptures.decide",
        "raise CaptureMismatch()",
        "pass",
        MONEY,
        LIFE,
    ),
    Mutant(
        "the second capture of a batch does not see the first",
        "LockedBookings.move",
        "self.bookings[moved.id] = moved",
        "",
        MONEY,
        RULES,
    ),
    Mutant(
        "a decline extends whenever it is told",
        "new_declines",
        "set(payment_ids) - {row.payment_id for row in known}",
        "set(payment_ids)",
        SEATS,
        LIFE,
    ),
    Mutant(
        "the key of a refund is not stored",
        "RefundMethods.RefundBooking",
        "RefundSeats(UUID(request.booking_id), user_id, _seat_ids(request.show_seat_ids), None, key)",
        "RefundSeats(UUID(request.booking_id), user_id, _seat_ids(request.show_seat_ids), None, None)",
        REQUESTS,
        KEYS,
    ),
)
