"""Bugs of booking: what captured money comes to, cancels and refunds."""

from tests.mutants.mutant import MONEY, REQUESTS, SEATS, Mutant

LIFE = ("tests/booking/test_lifecycle.py",)
RULES = ("tests/booking/test_booking_rules.py", "tests/booking/test_lifecycle.py")
FENCING = ("tests/booking/test_fencing.py", "tests/booking/test_booking_rules.py", "tests/booking/test_lifecycle.py")
OUTBOX = ("tests/booking/test_booking_outbox.py", "tests/booking/test_lifecycle.py")
KEYS = ("tests/booking/test_booking_keys.py", "tests/booking/test_lifecycle.py")

MUTANTS = (
    Mutant(
        "a capture of another amount confirms",
        "settle",
        "(capture.amount, capture.currency) != (booking.total_amount, booking.currency)",
        "capture.currency != booking.currency",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a capture in another currency confirms",
        "settle",
        "(capture.amount, capture.currency) != (booking.total_amount, booking.currency)",
        "capture.amount != booking.total_amount",
        MONEY,
        RULES,
    ),
    Mutant(
        "money that comes twice is kept twice",
        "settle",
        "return Settlement.DUPLICATE",
        "return Settlement.KEPT",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a cancelled booking is confirmed",
        "settle",
        "return Settlement.NO_TICKET",
        "return Settlement.CONFIRM",
        MONEY,
        LIFE,
    ),
    Mutant(
        "late money never buys its ticket",
        "settle",
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
        "refund_amount",
        "total * percentage // 100",
        "-(-total * percentage // 100)",
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
        "begin_refund",
        "if amount == 0:\n    raise RefundNotAllowed()",
        "if amount < 0:\n    raise RefundNotAllowed()",
        MONEY,
        LIFE,
    ),
    Mutant(
        "anybody cancels and refunds anybody's booking",
        "_locked",
        "not bookings or bookings[0].user_id != user_id",
        "not bookings",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a booking is cancelled while its money is being settled",
        "cancel",
        "raise PaymentInProgress()",
        "pass",
        REQUESTS,
        FENCING,
    ),
    Mutant(
        "a cancelled booking keeps its seats",
        "cancel",
        "[messages.give_up(booking.id, booking.show.show_id), messages.close_payments(booking.id)]",
        "[messages.close_payments(booking.id)]",
        SEATS,
        LIFE,
    ),
    Mutant(
        "a cancelled booking stays open for payment",
        "cancel",
        "[messages.give_up(booking.id, booking.show.show_id), messages.close_payments(booking.id)]",
        "[messages.give_up(booking.id, booking.show.show_id)]",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a cancel is told after it is committed",
        "cancel",
        "async with db.transaction() as tx:\n"
        "    ...\n"
        "    await outbox.append(tx, [messages.give_up(booking.id, booking.show.show_id), "
        "messages.close_payments(booking.id)])",
        "async with db.transaction() as tx:\n"
        "    ...\n"
        "async with db.transaction() as tx:\n"
        "    await outbox.append(tx, [messages.give_up(booking.id, booking.show.show_id), "
        "messages.close_payments(booking.id)])",
        SEATS,
        OUTBOX,
    ),
    Mutant(
        "money that buys nothing is sent back after that is committed",
        "record",
        "await outbox.append(tx, _returns(new))",
        "async with db.transaction() as later:\n    await outbox.append(later, _returns(new))",
        MONEY,
        OUTBOX,
    ),
    Mutant(
        "money is sent back after its confirmation failed for good",
        "finish",
        "async with db.transaction() as tx:\n"
        "    ...\n"
        "    await outbox.append(tx, [messages.return_money(row.payment_id, row.total_amount, "
        "Settlement.NO_TICKET) for row in returned])",
        "async with db.transaction() as tx:\n"
        "    ...\n"
        "async with db.transaction() as tx:\n"
        "    await outbox.append(tx, [messages.return_money(row.payment_id, row.total_amount, "
        "Settlement.NO_TICKET) for row in returned])",
        MONEY,
        OUTBOX,
    ),
    Mutant(
        "money that buys nothing is not sent back",
        "record",
        "await outbox.append(tx, _returns(new))",
        "",
        MONEY,
        LIFE,
    ),
    Mutant(
        "money whose seats are gone is not sent back",
        "finish",
        "[messages.return_money(row.payment_id, row.total_amount, Settlement.NO_TICKET) for row in returned]",
        "[messages.return_money(row.payment_id, row.total_amount, Settlement.NO_TICKET) for row in returned[:0]]",
        MONEY,
        LIFE,
    ),
    Mutant(
        "a refund that payment refuses is forgotten",
        "peers.refunds",
        "[answer if isinstance(answer, Failure) else None for answer in answers]",
        "[None for _ in answers]",
        MONEY,
        OUTBOX,
    ),
    Mutant(
        "a capture that was told before may have other facts",
        "record",
        "None if seen[capture.payment_id] == capture else CaptureMismatch()",
        "None",
        MONEY,
        LIFE,
    ),
    Mutant(
        "the second capture of a batch does not see the first",
        "record",
        "replace(booking, state=State.CONFIRMING, payment_id=capture.payment_id)",
        "replace(booking, payment_id=capture.payment_id)",
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
        "begin_refund",
        "await idempotency.keep(tx, (key, b''))",
        "pass",
        REQUESTS,
        KEYS,
    ),
)
